/** The rows of kill switches, one for each scope that was ever stopped. */
import type { KillSwitchScope } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type KillSwitchRow = {
  tenant: string;
  scope_name: string;
  scope: KillSwitchScope;
  engaged: boolean;
  /** Who engaged it last, when and why. */
  engaged_by: string;
  engaged_at: string;
  engage_reason: string;
  released_by: string | null;
  released_at: string | null;
  release_reason: string | null;
  seq: number;
};

export const killSwitchesTable: Table<KillSwitchRow> = {
  name: 'kill_switches',
  key: ['tenant', 'scope_name'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    scope_name: 'text',
    scope: 'jsonb',
    engaged: 'boolean',
    engaged_by: 'text',
    engaged_at: 'timestamptz',
    engage_reason: 'text',
    released_by: 'text',
    released_at: 'timestamptz',
    release_reason: 'text',
    seq: 'bigint',
  },
};
