/** From a question to its answer, rendered: the only place where world, policies and decision meet. */
import type { DecisionInputs } from '@writ/contracts';
import {
  type Decision,
  decideAccess,
  estimateIn,
  gatherInputs,
  isLimited,
  toReserve,
  type WindowOf,
  windowsOf,
} from '@writ/domain';
import type { CedarEngine } from '@writ/policy';
import type { ClaimFor } from '../claims/settle-claims.ts';
import type { Question } from '../question/read-question.ts';
import type { RecordLog } from '../records/record-log.ts';
import type { GovernedState } from '../state/governed-state.ts';
import type { WindowCounts } from '../windows/window-counts.ts';
import type { Answer, Dependence } from './memo.ts';
import { render } from './rendered.ts';

export type Room = {
  readonly state: GovernedState;
  readonly engine: CedarEngine;
  readonly records: RecordLog;
  readonly windows: Pick<WindowCounts, 'of' | 'count' | 'ready'>;
};
export type Asker = { readonly tenant: string; readonly keyId: string };
export type Decided = {
  readonly answer: Answer;
  /** There when the same question may be answered from this answer. */
  readonly keep: Dependence | undefined;
  /** There when something is about to be known that the answer rests on. */
  readonly pending: Promise<unknown> | undefined;
  /** What must be claimed before the answer is given, in this order. */
  readonly claims: readonly ClaimFor[];
  /** The windows in which it counts, when it is an allow that is given. */
  readonly counts: readonly WindowOf[];
  /** When, and on which state, it was decided. */
  readonly at: { readonly nowMs: number; readonly seq: number };
};

const NOTHING: readonly never[] = [];

export function decideQuestion(
  { state, engine, records, windows }: Room,
  { tenant, keyId }: Asker,
  question: Question,
): Decided {
  const nowMs = state.now();
  const { agentId, subjectType, action, resource, context, properties, options } = question;
  const policies = state.policiesOf(tenant);
  const { ignored, ...shown } = policies.show(action, { context, ...properties });
  const asked = {
    tenant,
    keyId,
    agentId,
    ...(subjectType === 'agent' ? {} : { subjectType }),
    action,
    resource,
    ...shown,
  };
  const { inputs, validUntilMs, alsoRead } = gatherInputs(state.world, asked, {
    nowMs,
    engine,
    windows: windows.of(tenant),
  });
  const decision = decideAccess(inputs, policies.evaluate);
  const limited = inputs.grants.some(
    ({ conditions }) => isLimited(conditions) || conditions.requireApproval,
  );
  const conditional = inputs.grants.some(({ conditions }) => Object.keys(conditions).length > 0);
  // Where everything is to stop, nobody waits for a disk: the switch itself is in the log.
  const stopped = decision.code === 'KILL_SWITCH';
  const mustRecord =
    (decision.outcome !== 'allow' && !stopped) ||
    decision.record === 'required' ||
    (conditional && !stopped) ||
    options.record === 'required';
  const rendered = render({
    inputs,
    decision,
    ignored,
    durability: mustRecord ? 'required' : 'buffered',
  });
  const agents = state.changes.agents(tenant, [agentId, ...alsoRead]);
  const keep =
    limited || !agents
      ? undefined
      : { tenant: state.changes.tenant(tenant), agents, fromMs: nowMs, untilMs: validUntilMs };
  return {
    answer: { rendered, records: records.of(tenant), mustRecord },
    keep,
    pending: decision.unread ? windows.ready : undefined,
    claims: inputs.limits ? claimsOf(inputs, decision) : NOTHING,
    counts:
      decision.restsOn === undefined ? NOTHING : windowsOf(inputs.limits ?? [], decision.restsOn),
    at: { nowMs, seq: inputs.seq },
  };
}

/** What an allow takes of limited grants is reserved before it is given. */
function claimsOf(inputs: DecisionInputs, { restsOn }: Decision): readonly ClaimFor[] {
  const grants = restsOn === undefined ? [] : toReserve(inputs, restsOn);
  if (grants.length === 0) return NOTHING;
  const { agentId, context } = inputs.request;
  const costMicros = estimateIn(context, 'estimatedCostMicros');
  const body = { agentId, grants, costMicros, tokens: estimateIn(context, 'estimatedTokens') };
  return [(decisionId) => ({ verb: 'reserve-use', body: { ...body, decisionId } })];
}
