/** The rows of executions: what was announced and what came of it, in one row. */
import type { EventData } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

type Reported = EventData<'ExecutionReported'>;

export type ExecutionRow = {
  /** As `factKey` makes it: one column, so that a look-up can not go by another index. */
  fact_key: string;
  tenant: string;
  agent_id: string;
  execution_id: string;
  action: string;
  resource: string;
  decision_id: string | null;
  outcome: Reported['outcome'] | null;
  severity: Reported['severity'];
  /** When the agent says it began, as the event has it. */
  started_at: string | null;
  duration_ms: number | null;
  cost_micros: number | null;
  tokens_input: number | null;
  tokens_output: number | null;
  error: Reported['error'];
  announced_at: string | null;
  reported_at: string | null;
  /** What retries of either command are recognised by: its event, the body it came from, and the `factKey` of its idempotency key. */
  announced_seq: number | null;
  announced_id: string | null;
  announced_fingerprint: string | null;
  announced_under: string | null;
  reported_seq: number | null;
  reported_id: string | null;
  reported_fingerprint: string | null;
  reported_under: string | null;
  created_at: string;
  created_seq: number;
  seq: number;
};

export const executionsTable: Table<ExecutionRow> = {
  name: 'executions',
  key: ['fact_key'],
  onConflict: 'replace',
  columns: {
    fact_key: 'text',
    tenant: 'text',
    agent_id: 'text',
    execution_id: 'text',
    action: 'text',
    resource: 'text',
    decision_id: 'text',
    outcome: 'text',
    severity: 'text',
    started_at: 'text',
    duration_ms: 'bigint',
    cost_micros: 'bigint',
    tokens_input: 'bigint',
    tokens_output: 'bigint',
    error: 'jsonb',
    announced_at: 'timestamptz',
    reported_at: 'timestamptz',
    announced_seq: 'bigint',
    announced_id: 'text',
    announced_fingerprint: 'text',
    announced_under: 'text',
    reported_seq: 'bigint',
    reported_id: 'text',
    reported_fingerprint: 'text',
    reported_under: 'text',
    created_at: 'timestamptz',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};
