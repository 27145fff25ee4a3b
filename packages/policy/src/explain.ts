/**
 * What a decision rested on, and what would have flipped it. Worked out from the recorded inputs and the policies they
 * name, by deciding again with one thing changed at a time: nothing here is guessed.
 */
import type { DecisionInputs, ExplanationView, Outcome } from '@writ/contracts';
import {
  type Decision,
  decideAccess,
  type Evaluate,
  holdingGrants,
  limitReason,
  refuseAtGate,
} from '@writ/domain';
import { policyDigest } from './digest.ts';
import type { CedarEngine } from './engine.ts';

export type Explanation = Omit<ExplanationView, 'decisionId'>;
export type Explained = {
  readonly inputs: DecisionInputs;
  /** The texts of the set that the inputs name. */
  readonly policies: Readonly<Record<string, string>>;
};

type Flip = Explanation['flips'][number];

const MAX_TRUST = 1000;

export function explainDecision(engine: CedarEngine, { inputs, policies }: Explained): Explanation {
  const evaluateOf = (slot: string, texts: Explained['policies']): Evaluate =>
    engine.compile(slot, { digest: policyDigest('cedar', texts), policies: texts }).evaluate;
  const whole = evaluateOf('explained', policies);
  const decide = (changed: DecisionInputs): Decision => decideAccess(changed, whole);
  const alone = (policyId: string, text: string): Evaluate =>
    evaluateOf('explained-alone', { [policyId]: text });
  const decision = decide(inputs);
  return {
    outcome: decision.outcome,
    code: decision.code,
    grants: grantsOf(inputs, decision),
    policies: inputs.agent ? policiesOf({ inputs, policies }, alone) : [],
    flips: [
      ...gateFlips(inputs, decide),
      ...grantFlips(inputs, decision, decide),
      ...policyFlips({ inputs, policies }, decision, (texts) =>
        decideAccess(inputs, evaluateOf('explained-without', texts)),
      ),
      ...trustFlips(inputs, decision, decide),
      ...approvalFlips(decision),
    ],
  };
}

type Decide = (inputs: DecisionInputs) => Decision;

function grantsOf(inputs: DecisionInputs, decision: Decision): Explanation['grants'] {
  const textOf = (id: string): string | undefined =>
    decision.reasons.find((reason) => reason.id === id)?.text;
  const holding = holdingGrants(inputs);
  return [
    ...inputs.grants.map((grant) => {
      const { grantId, expiresAt } = grant;
      if (!holding.includes(grant))
        return { grantId, holds: false, text: limitReason(grant, inputs).text };
      const covers =
        expiresAt === null ? 'covers it, without an end' : `covers it until ${expiresAt}`;
      return { grantId, holds: true, text: textOf(grantId) ?? covers };
    }),
    ...inputs.missed.map(({ grantId, why }) => ({
      grantId,
      holds: false,
      text: textOf(grantId) ?? `would cover it, but is ${why.replace('_', ' ')}`,
    })),
  ];
}

function policiesOf(
  { inputs, policies }: Explained,
  alone: (policyId: string, text: string) => Evaluate,
): Explanation['policies'] {
  const asked = granted(inputs);
  return Object.entries(policies)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([policyId, text]) => {
      const { determining, errors, wouldDeny = [] } = alone(policyId, text)(asked);
      const [error] = errors;
      if (error !== undefined) return { policyId, says: 'fails', text: error };
      if (determining.includes(policyId)) return { policyId, says: 'forbids', text: 'forbids it' };
      if (wouldDeny.includes(policyId))
        return { policyId, says: 'would_forbid', text: 'would forbid it, but only takes notes' };
      return { policyId, says: 'passes', text: 'does not apply' };
    });
}

/** Nothing is said where more than one thing was in the way, or where nobody knows what the agent would be. */
function gateFlips(inputs: DecisionInputs, decide: Decide): Flip[] {
  const refused = refuseAtGate(inputs);
  const opened = refused && withGateOpen(inputs, refused.code);
  if (!opened) return [];
  const { outcome } = decide(opened.inputs);
  const why = refused.reasons[0]?.text ?? '';
  return outcome === 'deny' ? [] : [{ kind: 'gate', to: outcome, text: `${opened.step}: ${why}` }];
}

/** The inputs with what the gate refused changed, and that alone. */
function withGateOpen(
  inputs: DecisionInputs,
  code: Decision['code'],
): { readonly step: string; readonly inputs: DecisionInputs } | undefined {
  const { key, agent, killSwitch: _, ...others } = inputs;
  const { subjectType: __, ...request } = inputs.request;
  if (code === 'KEY_REVOKED')
    return {
      step: 'a key that is active',
      inputs: { ...inputs, key: { ...key, status: 'active' } },
    };
  if (code === 'IDENTITY_MISMATCH')
    return {
      step: 'a key that speaks for the agent',
      inputs: { ...inputs, key: { ...key, speaksForAgent: true } },
    };
  if (code === 'KILL_SWITCH')
    return { step: 'releasing the kill switch', inputs: { ...others, key, agent } };
  if (!agent) return undefined;
  if (code === 'AGENT_UNKNOWN')
    return {
      step: `asking for an agent of type \`${agent.type}\``,
      inputs: { ...inputs, request },
    };
  if (agent.status === 'active')
    return {
      step: 'clearing the suspension',
      inputs: { ...inputs, agent: { ...agent, latched: false } },
    };
  return {
    step: agent.status === 'retired' ? 'registering the agent again' : 'letting the agent go on',
    inputs: { ...inputs, agent: { ...agent, status: 'active' } },
  };
}

function grantFlips(inputs: DecisionInputs, decision: Decision, decide: Decide): Flip[] {
  const { request } = inputs;
  if (decision.outcome === 'allow') {
    const grants = holdingGrants(inputs);
    const ids = grants.map(({ grantId }) => `\`${grantId}\``).join(', ');
    const taken: Flip = { kind: 'grant', to: 'deny', text: `taking back ${ids}` };
    const ends = grants.map(({ expiresAt }) => expiresAt).toSorted();
    const last = ends.includes(null) ? undefined : ends.at(-1);
    return last
      ? [taken, { kind: 'grant', to: 'deny', text: `time: no grant holds after ${last}` }]
      : [taken];
  }
  const { outcome } = decide(granted(inputs));
  if (decision.code === 'NO_GRANT' && outcome !== 'deny')
    return [
      {
        kind: 'grant',
        to: outcome,
        text: `a grant of \`${request.action}\` on \`${request.resource.type}:${request.resource.id}\``,
      },
    ];
  if (decision.code !== 'LIMIT_REACHED' || outcome === 'deny') return [];
  return decision.reasons.map(({ text }) => ({
    kind: 'limit',
    to: outcome,
    text: `room: ${text}`,
  }));
}

function policyFlips(
  { policies }: Explained,
  { code, determining }: Decision,
  decideBy: (texts: Explained['policies']) => Decision,
): Flip[] {
  if (code !== 'POLICY_FORBIDS' && code !== 'TRUST_TOO_LOW') return [];
  const others = Object.entries(policies).filter(([id]) => !determining.includes(id));
  const { outcome } = decideBy(Object.fromEntries(others));
  const names = determining.map((id) => `\`${id}\``).join(', ');
  return outcome === 'deny' ? [] : [{ kind: 'policy', to: outcome, text: `without ${names}` }];
}

/** The score at which the outcome turns: the least that is allowed, or the highest that is not any more. */
function trustFlips(inputs: DecisionInputs, decision: Decision, decide: Decide): Flip[] {
  const { trust } = inputs;
  if (!trust) return [];
  const outcomeAt = (score: number): Outcome =>
    decide({ ...inputs, trust: { ...trust, score } }).outcome;
  if (decision.outcome === 'deny') {
    if (outcomeAt(MAX_TRUST) === 'deny') return [];
    const least = lowest(trust.score, MAX_TRUST, (score) => outcomeAt(score) !== 'deny');
    const text = `a trust of ${least} or more, it is ${trust.score}`;
    return [{ kind: 'trust', to: outcomeAt(least), text }];
  }
  if (outcomeAt(0) !== 'deny') return [];
  const least = lowest(0, trust.score, (score) => outcomeAt(score) !== 'deny');
  return [{ kind: 'trust', to: 'deny', text: `a trust below ${least}, it is ${trust.score}` }];
}

/** The lowest whole number in (from, to] for which it holds; policies only ask for more trust, so it holds above too. */
function lowest(from: number, to: number, holds: (score: number) => boolean): number {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function approvalFlips({ outcome, reasons }: Decision): Flip[] {
  if (outcome !== 'require_approval') return [];
  const why = reasons[0]?.text ?? 'it needs an approval';
  return [{ kind: 'approval', to: 'allow', text: `an approval: ${why}` }];
}

/** The same question with a grant that covers it and sets no conditions. */
function granted(inputs: DecisionInputs): DecisionInputs {
  const { limits: _limits, ...others } = inputs;
  return { ...others, grants: [{ grantId: 'none', expiresAt: null, conditions: {} }] };
}
