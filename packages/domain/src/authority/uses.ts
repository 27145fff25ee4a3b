/**
 * The uses of one agent's grants that are limited exactly.
 *
 * 1. A use counts from its reservation on. Only a report that nothing was done gives it back: in doubt it stays used.
 * 2. A decision reserves a grant once, and what became of it is told once.
 * 3. Of a grant at most `OPEN_KEPT` uses are open, the newest: older ones stay used for good.
 *
 * The state is filled in place; one state belongs to one fold.
 */
import type { EventData, WritEvent } from '@writ/contracts';
import type { Folded } from '../decider.ts';
import { metersOf, type Spent } from './budgets.ts';
import type { Grant } from './grant-book.ts';
import { count, countedAt, fillMeter, type Meter, type MeterJson, meterToJson } from './meter.ts';

export type UsesEventName = 'GrantUseReserved' | 'GrantUseReleased' | 'GrantUseSettled';

/** Uses that can still be given back or settled, per grant. */
export const OPEN_KEPT = 1024;

type OpenUse = {
  /** The agent whose decision it is: only its report closes the use. */
  readonly usedBy: string;
  readonly atMs: number;
  readonly costMicros: number;
  readonly tokens: number;
};

export type GrantUses = {
  /** Reserved and not given back. */
  used: number;
  /** By decision, the oldest first. */
  readonly open: Map<string, OpenUse>;
  /** What an exact budget has reserved or spent; empty where there is none. */
  readonly spent: Spent;
};

/** By grant; a grant of which nothing was ever reserved is not in it. */
export type UsesState = Map<string, GrantUses>;

/** What a use asks for. */
export type UseRequest = {
  readonly decisionId: string;
  readonly usedBy: string;
  readonly costMicros: number | null;
  readonly tokens: number | null;
};

/** What a report says of a use; an amount of 0 is one that it does not tell. */
export type UseReport = Pick<UseRequest, 'decisionId' | 'usedBy'> &
  Pick<EventData<'ExecutionReported'>, 'outcome' | 'costMicros' | 'tokens'>;

export function initialUses(): UsesState {
  return new Map();
}

/** Reserves a use, or says with `undefined` that the grant does not allow another one. */
export function reserveUse(
  uses: UsesState,
  grant: Grant | undefined,
  request: UseRequest & { readonly timeMs: number },
): readonly WritEvent<'GrantUseReserved'>[] | undefined {
  const { decisionId, usedBy, timeMs } = request;
  if (grant === undefined) return undefined;
  const { grantId, agentId } = grant;
  const known = uses.get(grantId);
  if (known?.open.has(decisionId)) return [];
  const inForce = grant.status === 'active' && grant.fromMs <= timeMs && timeMs < grant.untilMs;
  const { maxUses = Number.POSITIVE_INFINITY } = grant.conditions;
  if (!inForce || (known?.used ?? 0) >= maxUses) return undefined;
  const takes = takenBy(grant, request);
  if (!fitsBudget(grant, known, { ...takes, timeMs })) return undefined;
  const data = { grantId, agentId, decisionId, usedBy, ...takes };
  return [{ type: 'GrantUseReserved', data }];
}

type Amounts = Pick<UseRequest, 'costMicros' | 'tokens'>;

/** What a use takes: of an exact budget something at least, or there would be no end to uses that expect nothing. */
function takenBy({ conditions: { budget } }: Grant, { costMicros, tokens }: Amounts): Amounts {
  const takes = (limit: number | undefined, asked: number | null): number | null =>
    budget?.exact && limit !== undefined && asked !== null ? Math.max(asked, 1) : asked;
  return {
    costMicros: takes(budget?.costMicros, costMicros),
    tokens: takes(budget?.tokens, tokens),
  };
}

/** True where an exact budget has room for what is expected; what is not said does not fit. */
function fitsBudget(
  { conditions: { budget } }: Grant,
  known: GrantUses | undefined,
  { costMicros, tokens, timeMs }: Amounts & { readonly timeMs: number },
): boolean {
  if (!budget?.exact) return true;
  const fits = (limit: number | undefined, spent: Meter | undefined, asked: number | null) =>
    limit === undefined ||
    (asked !== null && asked + (spent ? countedAt(spent, timeMs) : 0) <= limit);
  return (
    fits(budget.costMicros, known?.spent.cost, costMicros) &&
    fits(budget.tokens, known?.spent.tokens, tokens)
  );
}

/** What a report means for the uses that its decision reserved of one agent's grants. */
export function closeUses(
  uses: UsesState,
  agentId: string,
  { decisionId, usedBy, outcome, costMicros, tokens }: UseReport,
): readonly WritEvent<'GrantUseReleased' | 'GrantUseSettled'>[] {
  const amounts = { costMicros: told(costMicros), tokens: told(tokens.input + tokens.output) };
  return [...uses]
    .filter(([, { open }]) => open.get(decisionId)?.usedBy === usedBy)
    .map(([grantId]) =>
      outcome === 'cancelled'
        ? { type: 'GrantUseReleased', data: { grantId, agentId, decisionId, reason: 'cancelled' } }
        : { type: 'GrantUseSettled', data: { grantId, agentId, decisionId, ...amounts } },
    );
}

/** A report that leaves an amount out says nothing of it: what was reserved stands then. */
function told(amount: number): number | null {
  return amount === 0 ? null : amount;
}

/** Folds an event of a use; `conditions` are those of its grant. */
export function evolveUses(
  state: UsesState,
  event: Folded<UsesEventName>,
  conditions: Grant['conditions'] = {},
): UsesState {
  const { grantId, decisionId } = event.data;
  if (event.type === 'GrantUseReserved') {
    reserve(usesOf(state, grantId, conditions), event);
    return state;
  }
  const uses = state.get(grantId);
  const open = uses?.open.get(decisionId);
  if (!uses || !open) return state;
  uses.open.delete(decisionId);
  if (event.type === 'GrantUseReleased') {
    uses.used -= 1;
    charge(uses, open.atMs, { costMicros: -open.costMicros, tokens: -open.tokens });
    return state;
  }
  const { costMicros, tokens } = event.data;
  charge(uses, open.atMs, {
    costMicros: (costMicros ?? open.costMicros) - open.costMicros,
    tokens: (tokens ?? open.tokens) - open.tokens,
  });
  return state;
}

function reserve(uses: GrantUses, { data, timeMs }: Folded<'GrantUseReserved'>): void {
  const { decisionId, usedBy } = data;
  const amounts = { costMicros: data.costMicros ?? 0, tokens: data.tokens ?? 0 };
  uses.used += 1;
  uses.open.set(decisionId, { usedBy, atMs: timeMs, ...amounts });
  charge(uses, timeMs, amounts);
  if (uses.open.size <= OPEN_KEPT) return;
  const [oldest] = uses.open.keys();
  if (oldest !== undefined) uses.open.delete(oldest);
}

function charge(
  { spent }: GrantUses,
  atMs: number,
  { costMicros, tokens }: { readonly costMicros: number; readonly tokens: number },
): void {
  if (spent.cost) count(spent.cost, atMs, costMicros);
  if (spent.tokens) count(spent.tokens, atMs, tokens);
}

function usesOf(state: UsesState, grantId: string, conditions: Grant['conditions']): GrantUses {
  const known = state.get(grantId);
  if (known) return known;
  const spent = conditions.budget?.exact ? metersOf(conditions) : {};
  const made = { used: 0, open: new Map<string, OpenUse>(), spent };
  state.set(grantId, made);
  return made;
}

/** What a snapshot keeps of an agent's uses. */
export type UsesJson = readonly (readonly [
  grantId: string,
  used: number,
  open: readonly (readonly [decisionId: string, use: OpenUse])[],
  cost: MeterJson,
  tokens: MeterJson,
])[];

export function usesToJson(state: UsesState): UsesJson {
  return [...state].map(([grantId, { used, open, spent }]) => [
    grantId,
    used,
    [...open],
    meterToJson(spent.cost),
    meterToJson(spent.tokens),
  ]);
}

export function usesFromJson(
  rows: UsesJson,
  conditionsOf: (grantId: string) => Grant['conditions'] | undefined,
): UsesState {
  const state: UsesState = new Map();
  for (const [grantId, used, open, cost, tokens] of rows) {
    const uses = usesOf(state, grantId, conditionsOf(grantId) ?? {});
    state.set(grantId, { ...uses, used, open: new Map(open) });
    fillMeter(uses.spent.cost, cost);
    fillMeter(uses.spent.tokens, tokens);
  }
  return state;
}
