/** The rows of published policies and schemas, one for each version. */
import type { Table } from '../projection/table.ts';

export type PolicyVersionRow = {
  tenant: string;
  version: string;
  engine: 'cedar';
  policies: Record<string, string>;
  digest: string;
  note: string | null;
  active: boolean;
  published_by: string;
  published_at: string;
  /** When it was activated last, and by whom. */
  activated_by: string | null;
  activated_at: string | null;
  created_seq: number;
  seq: number;
};

export const policyVersionsTable: Table<PolicyVersionRow> = {
  name: 'policy_versions',
  key: ['tenant', 'version'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    version: 'text',
    engine: 'text',
    policies: 'jsonb',
    digest: 'text',
    note: 'text',
    active: 'boolean',
    published_by: 'text',
    published_at: 'timestamptz',
    activated_by: 'text',
    activated_at: 'timestamptz',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};

export type PolicySchemaRow = {
  tenant: string;
  version: string;
  engine: 'cedar';
  schema: string | null;
  digest: string;
  note: string | null;
  published_by: string;
  published_at: string;
  seq: number;
};

export const policySchemasTable: Table<PolicySchemaRow> = {
  name: 'policy_schemas',
  key: ['tenant', 'version'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    version: 'text',
    engine: 'text',
    schema: 'text',
    digest: 'text',
    note: 'text',
    published_by: 'text',
    published_at: 'timestamptz',
    seq: 'bigint',
  },
};
