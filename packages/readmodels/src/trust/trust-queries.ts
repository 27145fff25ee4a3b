/** An agent's trust at a moment, and why it is what it is. */
import type { TrustContributionView, TrustView } from '@writ/contracts';
import {
  type ExplainedFact,
  explainTrust,
  formatNano,
  minuteOf,
  parseNano,
  type TrustContribution,
  trustFromJson,
} from '@writ/domain';
import type { Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import { trustModelInForce } from './trust-model-queries.ts';
import type { TrustFactRow } from './trust.ts';

/** The latest facts that are looked at for an explanation, and those of them that are shown. */
const FACTS_READ = 1000;
const FACTS_SHOWN = 50;

/** Trust now, with the facts that move it most; `undefined` for an agent nothing is known about. */
export async function getTrust(
  store: Store,
  scope: Scope,
  agentId: string,
): Promise<TrustView | undefined> {
  const [row, facts, weighed, model] = await reading(() =>
    Promise.all([
      store.db
        .selectFrom('trust')
        .selectAll()
        .where('tenant', '=', scope.tenant)
        .where('agent_id', '=', agentId)
        .executeTakeFirst(),
      store.db
        .selectFrom('trust_facts')
        .selectAll()
        .where('tenant', '=', scope.tenant)
        .where('agent_id', '=', agentId)
        .orderBy('seq', 'desc')
        .limit(FACTS_READ)
        .execute(),
      store.db
        .selectFrom('trust_facts')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('tenant', '=', scope.tenant)
        .where('agent_id', '=', agentId)
        .executeTakeFirstOrThrow(),
      trustModelInForce(store, scope.tenant),
    ]),
  );
  if (!row) return undefined;
  const known = { trust: trustFromJson(row.state), history: facts.map(weightOf) };
  const { reading: now, contributions } = explainTrust(known, minuteOf(scope.nowMs), model);
  const shown = contributions.slice(0, FACTS_SHOWN);
  const kinds = new Map(facts.map((fact) => [fact.seq, fact.kind]));
  return {
    agentId,
    score: now.score,
    expected: decimal(now.expected),
    uncertainty: decimal(now.uncertainty),
    lowerBound: decimal(now.lowerBound),
    good: decimal(now.r),
    bad: decimal(now.s),
    latched: now.suspended,
    latchedBy: row.latched_by,
    owner: row.owner,
    factCount: row.fact_count,
    model: now.modelVersion,
    at: new Date(scope.nowMs).toISOString(),
    seq: row.seq,
    contributions: shown.map((contribution) =>
      contributionView(contribution, kinds.get(contribution.seq) ?? 'feedbackGiven'),
    ),
    rest: {
      facts: weighed.count - shown.length,
      good: decimal(now.r - sumOf(shown, 'r')),
      bad: decimal(now.s - sumOf(shown, 's')),
    },
  };
}

function contributionView(
  contribution: TrustContribution,
  kind: TrustContributionView['kind'],
): TrustContributionView {
  return {
    seq: contribution.seq,
    kind,
    weight: decimal(contribution.weight),
    ageMinutes: contribution.ageMinutes,
    good: decimal(contribution.remaining.r),
    bad: decimal(contribution.remaining.s),
    effect: decimal(contribution.effect),
    limitedBy: contribution.limitedBy,
  };
}

function sumOf(shown: readonly TrustContribution[], side: 'r' | 's'): bigint {
  return shown.reduce((sum, { remaining }) => sum + remaining[side], 0n);
}

function weightOf(row: TrustFactRow): ExplainedFact {
  return {
    seq: row.seq,
    minute: row.minute,
    weight: parseNano(row.weight),
    r: parseNano(row.r),
    s: parseNano(row.s),
    limitedBy: row.limited_by,
  };
}

function decimal(nano: bigint): number {
  return nano < 0n ? -Number(formatNano(-nano)) : Number(formatNano(nano));
}
