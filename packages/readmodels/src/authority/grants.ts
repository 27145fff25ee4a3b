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
  delegable: number;
  parent_grant_id: string | null;
  parent_agent_id: string | null;
  reason: string | null;
  issued_by: string;
  issued_at: string;
  revoked_by: string | null;
  revoked_at: string | null;
  revoke_reason: string | null;
  /** Uses that were reserved and not given back. */
  used: number;
  created_seq: number;
  seq: number;
};

/** The grant that a row's grant was handed on from; null where nobody handed it on. */
export function parentOf({
  parent_grant_id: grantId,
  parent_agent_id: agentId,
}: GrantRow): { grantId: string; agentId: string } | null {
  return grantId === null || agentId === null ? null : { grantId, agentId };
}

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
    delegable: 'integer',
    parent_grant_id: 'text',
    parent_agent_id: 'text',
    reason: 'text',
    issued_by: 'text',
    issued_at: 'timestamptz',
    revoked_by: 'text',
    revoked_at: 'timestamptz',
    revoke_reason: 'text',
    used: 'integer',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};
