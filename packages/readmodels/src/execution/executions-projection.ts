/** Folds what agents announced and reported into the rows of executions. */
import type { RecordedEvent } from '@writ/contracts';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type ExecutionRow, executionsTable } from './executions.ts';
import { factKey, givenUnder, givingOf } from './fact-key.ts';

export type ExecutionEvent = Extract<
  ProjectedEvent,
  RecordedEvent<'ExecutionStarted' | 'ExecutionReported'>
>;

export const executionsProjection: Projection<ProjectedEvent> = {
  name: 'executions',
  version: 2,
  source: 'EVENTS',
  kinds: ['execution.facts'],
  tables: [executionsTable.name],
  open() {
    const rows = rowSet(executionsTable);
    return {
      sets: [rows],
      need(event) {
        if (isOfExecutions(event)) rows.need(keyOf(event));
      },
      apply(event) {
        if (!isOfExecutions(event)) return;
        const row = rows.get(keyOf(event));
        const evolved = evolveExecution(row, event);
        if (evolved !== row) rows.put(evolved);
      },
    };
  },
};

function isOfExecutions(event: ProjectedEvent): event is ExecutionEvent {
  return event.type === 'ExecutionStarted' || event.type === 'ExecutionReported';
}

function keyOf({ tenant, data }: ExecutionEvent): string {
  return factKey(tenant, data.agentId, data.executionId);
}

/** The row of an execution after an event. What is said a second time changes nothing: the first word stands. */
export function evolveExecution(
  row: ExecutionRow | undefined,
  event: ExecutionEvent,
): ExecutionRow {
  const at = momentAt(event.timeMs);
  const known = row ?? newRow(event, at);
  if (event.type === 'ExecutionStarted')
    return known.announced_seq !== null
      ? known
      : {
          ...known,
          started_at: known.started_at ?? event.data.startedAt,
          announced_at: at,
          announced_seq: event.seq,
          announced_id: event.id,
          announced_fingerprint: event.fingerprint,
          announced_under: givenUnder(givingOf(event.data.agentId, event)),
          seq: event.seq,
        };
  return known.reported_seq !== null ? known : reported(known, event, at);
}

function reported(
  row: ExecutionRow,
  event: Extract<ExecutionEvent, { type: 'ExecutionReported' }>,
  at: string,
): ExecutionRow {
  const { data } = event;
  return {
    ...row,
    action: data.action,
    resource: data.resource,
    decision_id: data.decisionId ?? row.decision_id,
    outcome: data.outcome,
    severity: data.severity,
    started_at: data.startedAt ?? row.started_at,
    duration_ms: data.durationMs,
    cost_micros: data.costMicros,
    tokens_input: data.tokens.input,
    tokens_output: data.tokens.output,
    error: data.error,
    reported_at: at,
    reported_seq: event.seq,
    reported_id: event.id,
    reported_fingerprint: event.fingerprint,
    reported_under: givenUnder(givingOf(data.agentId, event)),
    seq: event.seq,
  };
}

function newRow({ tenant, seq, data }: ExecutionEvent, at: string): ExecutionRow {
  return {
    fact_key: factKey(tenant, data.agentId, data.executionId),
    tenant,
    agent_id: data.agentId,
    execution_id: data.executionId,
    action: data.action,
    resource: data.resource,
    decision_id: data.decisionId,
    outcome: null,
    severity: null,
    started_at: null,
    duration_ms: null,
    cost_micros: null,
    tokens_input: null,
    tokens_output: null,
    error: null,
    announced_at: null,
    reported_at: null,
    announced_seq: null,
    announced_id: null,
    announced_fingerprint: null,
    announced_under: null,
    reported_seq: null,
    reported_id: null,
    reported_fingerprint: null,
    reported_under: null,
    created_at: at,
    created_seq: seq,
    seq,
  };
}
