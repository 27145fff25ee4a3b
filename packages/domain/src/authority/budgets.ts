/**
 * Soft budgets: what was reported of executions that a grant covers, over the budget's own time.
 *
 * A report counts against every grant of the agent that covers it and was in force then, and against those that the
 * grant was handed on from, once each. What was reported before a grant was given never counts against it, and what was
 * reported after it, or one that it was handed on from, was revoked counts against none of them.
 */
import type { EventData, RecordedEvent } from '@writ/contracts';
import type { Grant } from './grant-book.ts';
import { count, type Meter, type MeterJson, fillMeter, meterOver, meterToJson } from './meter.ts';
import { MOST_ANCESTORS } from './lineage.ts';
import { coversAny } from './patterns.ts';

export type Spent = { readonly cost?: Meter; readonly tokens?: Meter };

/** By holder and grant; filled in place. */
export type Budgets = Map<string, Map<string, Spent>>;

type Conditions = EventData<'GrantIssued'>['conditions'];

/** Meters for what a budget bounds. */
export function metersOf({ budget }: Conditions): Spent {
  if (!budget) return {};
  return {
    ...(budget.costMicros === undefined ? {} : { cost: meterOver(budget.seconds) }),
    ...(budget.tokens === undefined ? {} : { tokens: meterOver(budget.seconds) }),
  };
}

/**
 * A grant was given: what is spent of its budget counts from now on. An exact one is reserved, so reports do not
 * count against it, only against those that it was handed on from.
 */
export function openBudget(budgets: Budgets, terms: EventData<'GrantIssued'>): void {
  const { agentId, grantId, conditions } = terms;
  if (!conditions.budget) return;
  const held = budgets.get(agentId) ?? new Map<string, Spent>();
  budgets.set(agentId, held);
  if (!held.has(grantId)) held.set(grantId, conditions.budget.exact ? {} : metersOf(conditions));
}

type Report = Pick<RecordedEvent<'ExecutionReported'>, 'data' | 'timeMs'>;
type FindGrant = (agentId: string, grantId: string) => Grant | undefined;

/** Counts a report against the budgets that it concerns. */
export function spend(budgets: Budgets, { data, timeMs }: Report, find: FindGrant): void {
  const held = budgets.get(data.agentId);
  if (!held) return;
  const tokens = data.tokens.input + data.tokens.output;
  const charged = new Set<string>();
  for (const grantId of held.keys()) {
    const own = find(data.agentId, grantId);
    if (!own || !concerns(own, data, timeMs)) continue;
    const chain = chainOf(own, find);
    if (chain.some(({ status }) => status === 'revoked')) continue;
    for (const grant of chain) {
      if (charged.has(grant.grantId)) break;
      charged.add(grant.grantId);
      const spent = budgets.get(grant.agentId)?.get(grant.grantId);
      if (spent?.cost) count(spent.cost, timeMs, data.costMicros);
      if (spent?.tokens) count(spent.tokens, timeMs, tokens);
    }
  }
}

function concerns(grant: Grant, report: EventData<'ExecutionReported'>, timeMs: number): boolean {
  return (
    grant.fromMs <= timeMs &&
    timeMs < grant.untilMs &&
    coversAny(grant.actions, report.action) &&
    coversAny(grant.resources, report.resource)
  );
}

/** A grant and what it was handed on from, the nearest first. */
function chainOf(grant: Grant, find: FindGrant): readonly Grant[] {
  const chain: Grant[] = [];
  for (let next: Grant | undefined = grant; next && chain.length <= MOST_ANCESTORS; ) {
    chain.push(next);
    const parent: Grant['parent'] = next.parent;
    next = parent === null ? undefined : find(parent.agentId, parent.grantId);
  }
  return chain;
}

/** What a snapshot keeps of the budgets of one agent. */
export type BudgetsJson = readonly (readonly [
  grantId: string,
  cost: MeterJson,
  tokens: MeterJson,
])[];

export function budgetsToJson(held: ReadonlyMap<string, Spent>): BudgetsJson {
  return [...held].map(([grantId, { cost, tokens }]) => [
    grantId,
    meterToJson(cost),
    meterToJson(tokens),
  ]);
}

/** Fills the budgets that the agent's grants opened. */
export function fillBudgets(held: ReadonlyMap<string, Spent>, json: BudgetsJson): void {
  for (const [grantId, cost, tokens] of json) {
    const spent = held.get(grantId);
    if (!spent) throw new RangeError(`grant \`${grantId}\` has no budget`);
    fillMeter(spent.cost, cost);
    fillMeter(spent.tokens, tokens);
  }
}
