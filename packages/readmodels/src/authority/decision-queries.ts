/** Lists of decisions, and one decision with its inputs. */
import type { DecisionDetailView, DecisionsQuery, DecisionView } from '@writ/contracts';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../database.ts';
import { instant } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import type { DecisionRow } from './decisions.ts';

type DecisionSelect = SelectQueryBuilder<Database, 'decisions', DecisionRow>;

/** Lists decisions in the order they were recorded, the newest first. */
export function listDecisions(
  store: Store,
  scope: Scope,
  query: DecisionsQuery,
): Promise<Page<DecisionView>> {
  return readPage({
    list: 'decisions',
    scope,
    query,
    fetch(limit, after) {
      let select = filtered(decisionsOf(store, scope), query)
        .orderBy('seq', 'desc')
        .orderBy('ordinal', 'desc')
        .limit(limit);
      if (after)
        select = select.where(sql<boolean>`(seq, ordinal) < (${after.seq}, ${after.ordinal})`);
      return select.execute();
    },
    placeOf: ({ seq, ordinal }) => ({ seq, ordinal }),
    view: decisionView,
  });
}

/** One decision with everything it was made from; `undefined` when it is not recorded. */
export async function getDecision(
  store: Store,
  scope: Scope,
  decisionId: string,
): Promise<DecisionDetailView | undefined> {
  const row = await reading(() =>
    decisionsOf(store, scope).where('decision_id', '=', decisionId).executeTakeFirst(),
  );
  if (!row) return undefined;
  const { governor, boot, n, durability, seq } = row;
  return {
    ...decisionView(row),
    inputs: row.inputs,
    record: { governor, boot, n, durability, seq },
  };
}

function decisionsOf({ db }: Store, { tenant }: Scope): DecisionSelect {
  return db.selectFrom('decisions').selectAll().where('tenant', '=', tenant);
}

function filtered(select: DecisionSelect, query: DecisionsQuery): DecisionSelect {
  let found = select;
  if (query.agentId !== undefined) found = found.where('agent_id', '=', query.agentId);
  if (query.action !== undefined) found = found.where('action', '=', query.action);
  if (query.resource !== undefined) found = found.where('resource', '=', query.resource);
  if (query.outcome !== undefined) found = found.where('outcome', '=', query.outcome);
  if (query.code !== undefined) found = found.where('code', '=', query.code);
  if (query.flipped !== undefined) found = found.where(sql<boolean>`would_deny <> '{}'`);
  if (query.since !== undefined) found = found.where('evaluated_at', '>=', instant(query.since));
  if (query.until !== undefined) found = found.where('evaluated_at', '<', instant(query.until));
  return found;
}

function decisionView(row: DecisionRow): DecisionView {
  return {
    decisionId: row.decision_id,
    agentId: row.agent_id,
    action: row.action,
    resource: row.resource,
    outcome: row.outcome,
    code: row.code,
    reasons: row.reasons,
    policies: row.policies,
    obligations: row.obligations,
    ignored: row.ignored,
    wouldDeny: row.would_deny,
    trust: row.trust,
    keyId: row.key_id,
    policyVersion: row.policy_version,
    policyDigest: row.policy_digest,
    evaluatedAt: row.evaluated_at,
    seq: row.events_seq,
  };
}
