/** The rows of grants. */
import type { GrantConditions } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type GrantRow = {
  tenant: string;
  grant_id: string;
  agent_id: string;
  status: 'active' | 'revoked';
  actions: string[];
  resources: string[];
  /** As the event has them: any year is allowed there, Postgres knows fewer. */
  not_before: string | null;
  expires_at: string | null;
  /** The same in milliseconds since 1970; null is no bound. */
  from_ms: number | null;
  until_ms: number | null;
  conditions: GrantConditions;
  reason: string | null;
  issued_by: string;
  issued_at: string;
  revoked_by: string | null;
  revoked_at: string | null;
  revoke_reason: string | null;
  created_seq: number;
  seq: number;
};

export const grantsTable: Table<GrantRow> = {
  name: 'grants',
  key: ['tenant', 'grant_id'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    grant_id: 'text',
    agent_id: 'text',
    status: 'text',
    actions: 'text[]',
    resources: 'text[]',
    not_before: 'text',
    expires_at: 'text',
    from_ms: 'bigint',
    until_ms: 'bigint',
    conditions: 'jsonb',
    reason: 'text',
    issued_by: 'text',
    issued_at: 'timestamptz',
    revoked_by: 'text',
    revoked_at: 'timestamptz',
    revoke_reason: 'text',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};
