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
import { type Approved, type Before, withApproval } from '../approvals/with-approval.ts';
import type { ClaimFor } from '../claims/settle-claims.ts';
import type { Question } from '../question/read-question.ts';
import type { RecordLog } from '../records/record-log.ts';
import type { GovernedState } from '../state/governed-state.ts';
import type { WindowCounts } from '../windows/window-counts.ts';
import type { Answer, Dependence } from './memo.ts';
import { render } from './rendered.ts';
import { stillStands } from './still-stands.ts';

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
  /** Whether an allow that rests on claims still stands on the state of now; there where it does. */
  readonly stands: (() => boolean) | undefined;
  /** The windows in which it counts, when it is an allow that is given. */
  readonly counts: readonly WindowOf[];
  /** The approval that may turn the answer. */
  readonly waitsFor: Approved['waitsFor'];
  /** When, and on which state, it was decided. */
  readonly at: { readonly nowMs: number; readonly seq: number };
};

/** A question, and what became of it before. */
export type Asked = { readonly question: Question } & Before;

const NOTHING: readonly never[] = [];

export function decideQuestion(
  room: Room,
  { tenant, keyId }: Asker,
  { question, ...before }: Asked,
): Decided {
  const { state, engine, records, windows } = room;
  const nowMs = state.now();
  const { agentId, subjectType, action, resource, context, properties, options } = question;
  const policies = state.policiesOf(tenant);
  const shown = policies.show(action, { context, ...properties });
  const about = {
    tenant,
    keyId,
    agentId,
    ...(subjectType === 'agent' ? {} : { subjectType }),
    action,
    resource,
    context: shown.context,
    unusable: shown.unusable,
    ...(shown.logOnly && { logOnly: shown.logOnly }),
  };
  const gathered = gatherInputs(state.world, about, {
    nowMs,
    engine,
    windows: windows.of(tenant),
  });
  const first = decideAccess(gathered.inputs, policies.evaluate);
  const approved =
    first.approval &&
    withApproval(
      state.world,
      { inputs: gathered.inputs, question, required: first.approval, ...before },
      policies.evaluate,
    );
  const { inputs, decision } = approved ?? { inputs: gathered.inputs, decision: first };
  const claims = claimsOf(inputs, decision, approved?.claims);
  const limited = inputs.grants.some(
    ({ conditions }) => isLimited(conditions) || conditions.requireApproval,
  );
  const conditional = inputs.grants.some(({ conditions }) => Object.keys(conditions).length > 0);
  // Where everything is to stop, nobody waits for a disk: the switch itself is in the log.
  const stopped = decision.code === 'KILL_SWITCH';
  const mustRecord =
    (decision.outcome !== 'allow' && !stopped) ||
    decision.record === 'required' ||
    approved !== undefined ||
    (conditional && !stopped) ||
    options.record === 'required';
  const rendered = render({
    inputs,
    decision,
    ignored: shown.ignored,
    durability: mustRecord ? 'required' : 'buffered',
  });
  const agents = state.changes.agents(tenant, [agentId, ...gathered.alsoRead]);
  const keep =
    limited || approved || !agents
      ? undefined
      : {
          tenant: state.changes.tenant(tenant),
          agents,
          fromMs: nowMs,
          untilMs: gathered.validUntilMs,
        };
  return {
    answer: { rendered, records: records.of(tenant), mustRecord },
    keep,
    pending: decision.unread ? windows.ready : undefined,
    claims,
    stands:
      claims.length > 0 && decision.outcome === 'allow'
        ? stillStands(room, about, { inputs, decision })
        : undefined,
    counts:
      decision.restsOn === undefined ? NOTHING : windowsOf(inputs.limits ?? [], decision.restsOn),
    waitsFor: approved?.waitsFor,
    at: { nowMs, seq: inputs.seq },
  };
}

/**
 * What is claimed before an answer is given: an approval first, because one that was used can still be used by the
 * same decision, then uses of the limited grants that an allow rests on.
 */
function claimsOf(
  inputs: DecisionInputs,
  { restsOn }: Decision,
  first: readonly ClaimFor[] = NOTHING,
): readonly ClaimFor[] {
  const grants = restsOn === undefined ? [] : toReserve(inputs, restsOn);
  if (grants.length === 0) return first;
  const { agentId, context } = inputs.request;
  const costMicros = estimateIn(context, 'estimatedCostMicros');
  const body = { agentId, grants, costMicros, tokens: estimateIn(context, 'estimatedTokens') };
  return [...first, (decisionId) => ({ verb: 'reserve-use', body: { ...body, decisionId } })];
}
