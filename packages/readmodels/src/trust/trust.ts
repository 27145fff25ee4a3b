/** The rows of trust: each agent's evidence, and the facts that weighed. */
import type { AgentIdentity, AgentTrustJson, PraiseLimit } from '@writ/domain';
import type { Table } from '../projection/table.ts';

export type TrustRow = {
  tenant: string;
  agent_id: string;
  /** Good and bad evidence left at `minute`, with 9 decimals. */
  r: string;
  s: string;
  minute: number;
  identity: AgentIdentity;
  owner: string | null;
  latched_by: number | null;
  fact_count: number;
  /** Everything that is folded, complete. */
  state: AgentTrustJson;
  updated_at: string;
  seq: number;
};

/** One fact that weighed, or would have but for a limit; weights with 9 decimals. */
export type TrustFactRow = {
  tenant: string;
  agent_id: string;
  seq: number;
  kind: 'executionReported' | 'feedbackGiven';
  minute: number;
  weight: string;
  r: string;
  s: string;
  limited_by: PraiseLimit | null;
  latches: boolean;
};

export const trustTable: Table<TrustRow> = {
  name: 'trust',
  key: ['tenant', 'agent_id'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    agent_id: 'text',
    r: 'numeric',
    s: 'numeric',
    minute: 'bigint',
    identity: 'text',
    owner: 'text',
    latched_by: 'bigint',
    fact_count: 'bigint',
    state: 'jsonb',
    updated_at: 'timestamptz',
    seq: 'bigint',
  },
};

export const trustFactsTable: Table<TrustFactRow> = {
  name: 'trust_facts',
  key: ['tenant', 'agent_id', 'seq'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    agent_id: 'text',
    seq: 'bigint',
    kind: 'text',
    minute: 'bigint',
    weight: 'numeric',
    r: 'numeric',
    s: 'numeric',
    limited_by: 'text',
    latches: 'boolean',
  },
};
