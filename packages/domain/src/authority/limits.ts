/** The limits of grants: what is left of each when a question is asked, and whether that is enough. */
import type { DecisionInputs, GrantConditions, LimitReading, MatchedGrant } from '@writ/contracts';
import type { Spent } from './budgets.ts';
import type { Matched } from './find-grants.ts';
import type { Grant } from './grant-book.ts';
import { atMostFrom, countedAt, type Meter } from './meter.ts';
import type { Tenant } from './world.ts';

/** The allows of grants that are counted over a window, as they are counted in the decision log. */
export type Windows = {
  /** `undefined` while it is not known what was allowed before. */
  readonly decisionsSeq: number | undefined;
  readonly meterOf: (grantId: string) => Meter | undefined;
};

/** When and how much is asked. */
export type Asked = {
  readonly context: DecisionInputs['request']['context'];
  readonly nowMs: number;
  readonly windows: Windows | undefined;
};

/** The limits that conditions set, by kind. */
function kindsOf({ maxUses, window, budget }: GrantConditions): LimitReading['kind'][] {
  const kinds: LimitReading['kind'][] = [];
  if (maxUses !== undefined) kinds.push('uses');
  if (window) kinds.push('window');
  if (budget?.costMicros !== undefined) kinds.push('cost');
  if (budget?.tokens !== undefined) kinds.push('tokens');
  return kinds;
}

/** True when what a grant allows is counted. */
export function isLimited({ maxUses, window, budget }: GrantConditions): boolean {
  return maxUses !== undefined || window !== undefined || budget !== undefined;
}

/** Reads every limit of the grants, and of those that they were handed on from; empty where none is limited. */
export function readLimits(
  tenant: Tenant,
  matched: readonly Matched[],
  asked: Asked,
): readonly LimitReading[] {
  if (!matched.some(({ grant }) => isLimited(grant.conditions))) return NONE;
  return matched.flatMap(({ grant, ancestors }) =>
    [grant, ...ancestors].flatMap((bound) =>
      readingsOf(tenant, bound, asked).map((reading) => ({ grantId: grant.grantId, ...reading })),
    ),
  );
}

const NONE: readonly LimitReading[] = [];
type Reading = Omit<LimitReading, 'grantId'>;

function readingsOf(tenant: Tenant, bound: Grant, asked: Asked): Reading[] {
  const { grantId, agentId } = bound;
  const by = { grantId, agentId };
  const { maxUses, window, budget } = bound.conditions;
  const uses = tenant.uses.get(agentId)?.get(grantId);
  const readings: Reading[] = [];
  if (maxUses !== undefined)
    readings.push({
      by,
      kind: 'uses',
      reserved: true,
      used: uses?.used ?? 0,
      limit: maxUses,
      asks: 1,
      seconds: null,
      roomAtMs: null,
    });
  if (window && asked.windows?.decisionsSeq !== undefined)
    readings.push({
      by,
      kind: 'window',
      reserved: false,
      ...metered(asked.windows.meterOf(grantId), asked.nowMs, { limit: window.limit, asks: 1 }),
      seconds: window.seconds,
      decisionsSeq: asked.windows.decisionsSeq,
    });
  if (budget) {
    const spent = budget.exact ? uses?.spent : tenant.budgets.get(agentId)?.get(grantId);
    readings.push(...budgetReadings(budget, spent, asked).map((reading) => ({ by, ...reading })));
  }
  return readings;
}

type Budget = NonNullable<GrantConditions['budget']>;

function budgetReadings(
  { seconds, costMicros, tokens, exact = false }: Budget,
  spent: Spent | undefined,
  { context, nowMs }: Asked,
): Omit<Reading, 'by'>[] {
  const readingOf = (
    kind: 'cost' | 'tokens',
    limit: number | undefined,
    estimate: number | null,
  ): Omit<Reading, 'by'>[] => {
    if (limit === undefined) return [];
    // Every question takes something at least; where it is reserved, the question has to say what.
    const asks = exact && estimate === null ? null : Math.max(estimate ?? 0, 1);
    const amounts = metered(spent?.[kind], nowMs, { limit, asks });
    return [{ kind, reserved: exact, ...amounts, seconds }];
  };
  return [
    ...readingOf('cost', costMicros, estimateIn(context, 'estimatedCostMicros')),
    ...readingOf('tokens', tokens, estimateIn(context, 'estimatedTokens')),
  ];
}

function metered(
  meter: Meter | undefined,
  nowMs: number,
  { limit, asks }: Pick<LimitReading, 'limit' | 'asks'>,
): Pick<LimitReading, 'used' | 'limit' | 'asks' | 'roomAtMs'> {
  const used = meter ? countedAt(meter, nowMs) : 0;
  const late = meter && asks !== null && asks <= limit && used + asks > limit;
  return { used, limit, asks, roomAtMs: late ? atMostFrom(meter, nowMs, limit - asks) : null };
}

/** What a question says that it will take; `null` where it does not say so in a usable way. */
export function estimateIn(
  context: DecisionInputs['request']['context'],
  name: 'estimatedCostMicros' | 'estimatedTokens',
): number | null {
  const value = context[name];
  return typeof value === 'number' && value >= 0 ? value : null;
}

/** Whether all that is counted for a grant leaves room for this question; a limit that was not read leaves none. */
export function withinLimits(
  { grantId, conditions }: MatchedGrant,
  limits: readonly LimitReading[] = [],
): boolean {
  if (!isLimited(conditions)) return true;
  const mine = limits.filter((limit) => limit.grantId === grantId);
  return isRead({ grantId, conditions }, limits) && mine.every(hasRoom);
}

/** Whether every limit of a grant was read. */
export function isRead(
  { grantId, conditions }: Pick<MatchedGrant, 'grantId' | 'conditions'>,
  limits: readonly LimitReading[] = [],
): boolean {
  return kindsOf(conditions).every((kind) =>
    limits.some((limit) => limit.grantId === grantId && limit.kind === kind),
  );
}

export function hasRoom({ used, asks, limit }: LimitReading): boolean {
  return asks !== null && used + asks <= limit;
}

/** The grants of which a use must be reserved before an answer that rests on a grant is given. */
export function toReserve({ limits = [] }: DecisionInputs, grantId: string): LimitReading['by'][] {
  const found = new Map<string, LimitReading['by']>();
  for (const limit of limits)
    if (limit.grantId === grantId && limit.reserved) found.set(limit.by.grantId, limit.by);
  return [...found.values()];
}

/** The window of a grant in which an allow counts. */
export type WindowOf = { readonly grantId: string; readonly seconds: number };

/** The windows in which an allow counts that rests on a grant. */
export function windowsOf(
  limits: readonly {
    readonly grantId: string;
    readonly by: { readonly grantId: string };
    readonly kind: string;
    readonly seconds?: number | null | undefined;
  }[],
  grantId: string,
): WindowOf[] {
  return limits
    .filter((limit) => limit.grantId === grantId && limit.kind === 'window')
    .map(({ by, seconds }) => ({ grantId: by.grantId, seconds: seconds ?? 0 }));
}

/** Says what a limit has come to, and when it has room again. */
export function limitText(limit: LimitReading, nowMs: number): string {
  const { kind, used, seconds, asks } = limit;
  const most = limit.limit;
  switch (kind) {
    case 'uses':
      return `${used} of ${most} uses of the grant are used`;
    case 'window':
      return `${used} of ${most} allows within ${seconds} seconds are used${again(limit, nowMs)}`;
    case 'cost':
    case 'tokens': {
      const [unit, name] =
        kind === 'cost' ? ['micros', 'estimatedCostMicros'] : ['tokens', 'estimatedTokens'];
      if (asks === null) return `the grant's budget is reserved; give \`context.${name}\``;
      const spent = `${used} of ${most} ${unit} within ${seconds} seconds are spent`;
      return asks > most
        ? `the grant's budget is ${most} ${unit} within ${seconds} seconds, ${asks} are expected`
        : `${spent}, ${asks} more do not fit${again(limit, nowMs)}`;
    }
  }
}

function again({ roomAtMs }: LimitReading, nowMs: number): string {
  return roomAtMs === null
    ? ''
    : `; there is room in ${Math.max(1, Math.ceil((roomAtMs - nowMs) / 1000))} seconds`;
}
