/** The rows of agents and of their versions. */
import type { Runtime } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type AgentRow = {
  tenant: string;
  agent_id: string;
  status: 'active' | 'suspended' | 'retired';
  /** Of the version registered last, like everything below that a registration says. */
  version: string;
  name: string;
  type: string;
  capabilities: string[];
  runtime: Runtime;
  owner: string | null;
  labels: Record<string, string>;
  registered_by: string;
  registered_at: string;
  updated_at: string;
  /** The sequence of the first registration: the order of lists. */
  created_seq: number;
  seq: number;
};

export type AgentVersionRow = {
  tenant: string;
  agent_id: string;
  version: string;
  name: string;
  type: string;
  capabilities: string[];
  runtime: Runtime;
  owner: string | null;
  labels: Record<string, string>;
  registered_by: string;
  registered_at: string;
  seq: number;
};

const registration = {
  version: 'text',
  name: 'text',
  type: 'text',
  capabilities: 'text[]',
  runtime: 'jsonb',
  owner: 'text',
  labels: 'jsonb',
  registered_by: 'text',
  registered_at: 'timestamptz',
} as const;

export const agentsTable: Table<AgentRow> = {
  name: 'agents',
  key: ['tenant', 'agent_id'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    agent_id: 'text',
    status: 'text',
    ...registration,
    updated_at: 'timestamptz',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};

export const agentVersionsTable: Table<AgentVersionRow> = {
  name: 'agent_versions',
  key: ['tenant', 'agent_id', 'version'],
  onConflict: 'replace',
  columns: { tenant: 'text', agent_id: 'text', ...registration, seq: 'bigint' },
};
