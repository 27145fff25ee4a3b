/** The rows of API keys; the hash of the secret stays in the log. */
import type { KeyRole } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type KeyRow = {
  tenant: string;
  key_id: string;
  name: string;
  role: KeyRole;
  agents: string[];
  status: 'active' | 'revoked';
  /** As the event has it. */
  expires_at: string | null;
  until_ms: number | null;
  created_by: string;
  created_at: string;
  revoked_by: string | null;
  revoked_at: string | null;
  revoke_reason: string | null;
  created_seq: number;
  seq: number;
};

export const keysTable: Table<KeyRow> = {
  name: 'keys',
  key: ['tenant', 'key_id'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    key_id: 'text',
    name: 'text',
    role: 'text',
    agents: 'text[]',
    status: 'text',
    expires_at: 'text',
    until_ms: 'bigint',
    created_by: 'text',
    created_at: 'timestamptz',
    revoked_by: 'text',
    revoked_at: 'timestamptz',
    revoke_reason: 'text',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};
