/** The rows of trust models: each that a tenant published, and the one that is in force. */
import type { TrustModelData } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type TenantTrustModelRow = {
  tenant: string;
  version: string;
  /** What decisions and the functions of SQL call it. */
  name: string;
  model: TrustModelData;
  note: string | null;
  published_by: string;
  published_at: string;
  seq: number;
};

export type TrustModelInForceRow = {
  tenant: string;
  version: string;
  name: string;
  model: TrustModelData;
  seq: number;
};

/** An admin's key, which ties no agents together. */
export type TrustAdminKeyRow = { tenant: string; key_id: string; seq: number };

export const tenantTrustModelsTable: Table<TenantTrustModelRow> = {
  name: 'tenant_trust_models',
  key: ['tenant', 'version'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    version: 'text',
    name: 'text',
    model: 'jsonb',
    note: 'text',
    published_by: 'text',
    published_at: 'timestamptz',
    seq: 'bigint',
  },
};

export const trustModelsInForceTable: Table<TrustModelInForceRow> = {
  name: 'trust_models_in_force',
  key: ['tenant'],
  onConflict: 'replace',
  columns: { tenant: 'text', version: 'text', name: 'text', model: 'jsonb', seq: 'bigint' },
};

export const trustAdminKeysTable: Table<TrustAdminKeyRow> = {
  name: 'trust_admin_keys',
  key: ['tenant', 'key_id'],
  onConflict: 'keep',
  columns: { tenant: 'text', key_id: 'text', seq: 'bigint' },
};
