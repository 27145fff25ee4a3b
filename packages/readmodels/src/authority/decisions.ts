/** The rows of decisions, and of the gaps that crashes may have left in their record. */
import type { DecisionInputs, DecisionReason, DenyCode, Outcome } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type DecisionRow = {
  tenant: string;
  decision_id: string;
  agent_id: string;
  action: string;
  resource: string;
  outcome: Outcome;
  code: DenyCode | null;
  reasons: DecisionReason[];
  /** The policies that decided. */
  policies: string[];
  obligations: Record<string, unknown>[];
  ignored: string[];
  /** Log-only policies that would have denied what was allowed. */
  would_deny: string[];
  trust: number | null;
  key_id: string;
  policy_version: string | null;
  policy_digest: string;
  evaluated_at: string;
  /** The sequence of the log that it was decided on. */
  events_seq: number;
  inputs: DecisionInputs;
  governor: string;
  boot: string;
  n: number;
  durability: 'buffered' | 'required';
  /** Where it stands in DECISIONS: the message, and the place in its batch. */
  seq: number;
  ordinal: number;
};

export type DecisionGapRow = {
  tenant: string;
  governor: string;
  boot: string;
  n: number;
  previous_boot: string;
  last_recorded: number;
  may_be_missing: number;
  noticed_at: string;
  seq: number;
};

export type DecisionDenialsRow = {
  tenant: string;
  decision_id: string;
  key_id: string;
  count: number;
  codes: Record<string, number>;
  examples: { agentId: string; action: string; resource: string }[];
  from_at: string;
  until_at: string;
  governor: string;
  boot: string;
  n: number;
  seq: number;
};

export const decisionsTable: Table<DecisionRow> = {
  name: 'decisions',
  key: ['tenant', 'decision_id'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    decision_id: 'text',
    agent_id: 'text',
    action: 'text',
    resource: 'text',
    outcome: 'text',
    code: 'text',
    reasons: 'jsonb',
    policies: 'text[]',
    obligations: 'jsonb',
    ignored: 'text[]',
    would_deny: 'text[]',
    trust: 'integer',
    key_id: 'text',
    policy_version: 'text',
    policy_digest: 'text',
    evaluated_at: 'timestamptz',
    events_seq: 'bigint',
    inputs: 'jsonb',
    governor: 'text',
    boot: 'text',
    n: 'bigint',
    durability: 'text',
    seq: 'bigint',
    ordinal: 'integer',
  },
};

export const decisionDenialsTable: Table<DecisionDenialsRow> = {
  name: 'decision_denials',
  key: ['tenant', 'governor', 'boot', 'n'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    decision_id: 'text',
    key_id: 'text',
    count: 'bigint',
    codes: 'jsonb',
    examples: 'jsonb',
    from_at: 'timestamptz',
    until_at: 'timestamptz',
    governor: 'text',
    boot: 'text',
    n: 'bigint',
    seq: 'bigint',
  },
};

export const decisionGapsTable: Table<DecisionGapRow> = {
  name: 'decision_gaps',
  key: ['tenant', 'governor', 'boot', 'n'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    governor: 'text',
    boot: 'text',
    n: 'bigint',
    previous_boot: 'text',
    last_recorded: 'bigint',
    may_be_missing: 'bigint',
    noticed_at: 'timestamptz',
    seq: 'bigint',
  },
};
