/** From a question to its answer, rendered: the only place where world, policies and decision meet. */
import { decideAccess, gatherInputs } from '@writ/domain';
import type { CedarEngine } from '@writ/policy';
import type { Question } from '../question/read-question.ts';
import type { RecordLog } from '../records/record-log.ts';
import type { GovernedState } from '../state/governed-state.ts';
import type { Answer, Dependence } from './memo.ts';
import { render } from './rendered.ts';

export type Room = {
  readonly state: GovernedState;
  readonly engine: CedarEngine;
  readonly records: RecordLog;
};
export type Asker = { readonly tenant: string; readonly keyId: string };
/** `keep` is there when the same question may be answered from this answer. */
export type Decided = { readonly answer: Answer; readonly keep: Dependence | undefined };

export function decideQuestion(
  { state, engine, records }: Room,
  { tenant, keyId }: Asker,
  question: Question,
): Decided {
  const nowMs = state.now();
  const { agentId, subjectType, action, resource, context, properties, options } = question;
  const policies = state.policiesOf(tenant);
  const { ignored, ...shown } = policies.show({ context, ...properties });
  const asked = {
    tenant,
    keyId,
    agentId,
    ...(subjectType === 'agent' ? {} : { subjectType }),
    action,
    resource,
    ...shown,
  };
  const { inputs, validUntilMs } = gatherInputs(state.world, asked, { nowMs, engine });
  const decision = decideAccess(inputs, policies.evaluate);
  const limited = inputs.grants.some(
    ({ conditions }) =>
      conditions.maxUses !== undefined || conditions.window || conditions.requireApproval,
  );
  const conditional = inputs.grants.some(({ conditions }) => Object.keys(conditions).length > 0);
  const mustRecord =
    decision.outcome !== 'allow' ||
    decision.record === 'required' ||
    conditional ||
    options.record === 'required';
  const rendered = render({
    inputs,
    decision,
    ignored,
    durability: mustRecord ? 'required' : 'buffered',
  });
  const agent = state.changes.agent(tenant, agentId);
  const keep =
    limited || !agent
      ? undefined
      : { tenant: state.changes.tenant(tenant), agent, fromMs: nowMs, untilMs: validUntilMs };
  return { answer: { rendered, records: records.of(tenant), mustRecord }, keep };
}
