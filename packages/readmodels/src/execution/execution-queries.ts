/** Lists of executions, and one execution. */
import type { ExecutionsQuery, ExecutionView } from '@writ/contracts';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../database.ts';
import { instant } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import { factKey } from './fact-key.ts';
import type { ExecutionRow } from './executions.ts';

type ExecutionSelect = SelectQueryBuilder<Database, 'executions', ExecutionRow>;

/** Lists executions by when they were first heard of, the newest first. */
export function listExecutions(
  store: Store,
  scope: Scope,
  query: ExecutionsQuery,
): Promise<Page<ExecutionView>> {
  return readPage({
    list: 'executions',
    scope,
    query,
    fetch(limit, after) {
      let select = filtered(executionsOf(store, scope), query)
        .orderBy('created_seq', 'desc')
        .limit(limit);
      if (after) select = select.where('created_seq', '<', after.seq);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.created_seq, ordinal: 0 }),
    view: executionView,
  });
}

/** One execution of an agent; `undefined` when it was neither announced nor reported. */
export async function getExecution(
  store: Store,
  scope: Scope,
  { agentId, executionId }: { readonly agentId: string; readonly executionId: string },
): Promise<ExecutionView | undefined> {
  const key = factKey(scope.tenant, agentId, executionId);
  const row = await reading(() =>
    executionsOf(store, scope).where('fact_key', '=', key).executeTakeFirst(),
  );
  return row && executionView(row);
}

function executionsOf({ db }: Store, { tenant }: Scope): ExecutionSelect {
  return db.selectFrom('executions').selectAll().where('tenant', '=', tenant);
}

function filtered(select: ExecutionSelect, query: ExecutionsQuery): ExecutionSelect {
  let found = select;
  if (query.agentId !== undefined) found = found.where('agent_id', '=', query.agentId);
  if (query.action !== undefined) found = found.where('action', '=', query.action);
  if (query.resource !== undefined) found = found.where('resource', '=', query.resource);
  if (query.outcome !== undefined) found = found.where('outcome', '=', query.outcome);
  if (query.code !== undefined) found = found.where(sql<boolean>`error ->> 'code' = ${query.code}`);
  if (query.status !== undefined)
    found = found.where('reported_seq', query.status === 'finished' ? 'is not' : 'is', null);
  if (query.since !== undefined) found = found.where('created_at', '>=', instant(query.since));
  if (query.until !== undefined) found = found.where('created_at', '<', instant(query.until));
  return found;
}

function executionView(row: ExecutionRow): ExecutionView {
  return {
    executionId: row.execution_id,
    agentId: row.agent_id,
    action: row.action,
    resource: row.resource,
    decisionId: row.decision_id,
    status: row.reported_seq === null ? 'running' : 'finished',
    outcome: row.outcome,
    severity: row.severity,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    costMicros: row.cost_micros,
    tokens:
      row.tokens_input === null || row.tokens_output === null
        ? null
        : { input: row.tokens_input, output: row.tokens_output },
    error: row.error,
    announcedAt: row.announced_at,
    reportedAt: row.reported_at,
    seq: row.seq,
  };
}
