/**
 * May this agent do this? `gatherInputs` reads the world at a moment, `decideAccess` answers from
 * those inputs alone: the same inputs give the same answer, byte for byte, for ever.
 */
import type {
  DecisionInputs,
  DecisionReason,
  DenyCode,
  MatchedGrant,
  Outcome,
  PolicyValue,
} from '@writ/contracts';
import {
  type ApprovalRequirement,
  type ApprovalTerms,
  answerOf,
  requirementOf,
  restingOn,
} from './approval-requirement.ts';
import { grantReason, missReason } from './grant-reasons.ts';
import { hasRoom, isRead, limitText, withinLimits } from './limits.ts';

/** What a policy engine says of the inputs. Policy ids are sorted. */
export type PolicyVerdict = {
  readonly effect: 'allow' | 'deny';
  readonly determining: readonly string[];
  readonly errors: readonly string[];
  /** True when every determining forbid would let the agent pass with full trust. */
  readonly trustDecides: boolean;
  /** Log-only policies that would deny, were they in force; there where some would. */
  readonly wouldDeny?: readonly string[];
  /** There when a policy that covers the question wants its decision recorded before the answer. */
  readonly record?: 'required';
  /** There when every determining forbid lets pass what persons have approved. */
  readonly approval?: ApprovalTerms;
};

/** An engine holding the policy set that the inputs name; a pure function of the inputs. */
export type Evaluate = (inputs: DecisionInputs) => PolicyVerdict;

export type Decision = {
  readonly outcome: Outcome;
  readonly code: DenyCode | null;
  readonly reasons: readonly DecisionReason[];
  /** The policies that determined the outcome, sorted; `base.grants` stands for the grants. */
  readonly determining: readonly string[];
  /** Log-only policies that would have denied what is allowed; there where some would. */
  readonly wouldDeny?: readonly string[];
  /** There when a policy wants the decision recorded before it is answered. */
  readonly record?: 'required';
  /** There when it needs an approval, given or not. */
  readonly approval?: ApprovalRequirement;
  /** There when a grant may hold, but what it allowed before is not known yet. */
  readonly unread?: true;
  /** Where any grant is limited: the one that an allow counts against. */
  readonly restsOn?: string;
};

export const BASE_POLICY = 'base.grants';

/** Decides from recorded inputs. Every doubt is a deny. */
export function decideAccess(inputs: DecisionInputs, evaluate: Evaluate): Decision {
  return refuseAtGate(inputs) ?? matchGrants(inputs) ?? askPolicies(inputs, evaluate);
}

/** Refuses who may not ask, and agents that may do nothing at all; `undefined` for everybody else. */
export function refuseAtGate(inputs: DecisionInputs): Decision | undefined {
  const { key, agent, request } = inputs;
  if (key.status !== 'active')
    return deny('KEY_REVOKED', gateReason(key.keyId, `the key is ${key.status}`));
  if (!key.speaksForAgent)
    return deny(
      'IDENTITY_MISMATCH',
      gateReason(key.keyId, `the key does not speak for agent \`${request.agentId}\``),
    );
  if (inputs.killSwitch !== undefined)
    return deny(
      'KILL_SWITCH',
      gateReason(
        request.agentId,
        `the kill switch stops ${stoppedBy(inputs.killSwitch.scope, request.agentId)}`,
      ),
    );
  const { subjectType } = request;
  if (!agent || (subjectType !== undefined && subjectType !== agent.type))
    return deny(
      'AGENT_UNKNOWN',
      gateReason(
        request.agentId,
        `agent \`${request.agentId}\` is not registered${agent ? ` as a \`${subjectType}\`` : ''}`,
      ),
    );
  if (agent.status === 'suspended')
    return deny(
      'AGENT_SUSPENDED',
      gateReason(request.agentId, `agent \`${request.agentId}\` is suspended`),
    );
  if (agent.status === 'retired')
    return deny(
      'AGENT_RETIRED',
      gateReason(request.agentId, `agent \`${request.agentId}\` is retired`),
    );
  if (agent.latched)
    return deny(
      'AGENT_SUSPENDED',
      gateReason(
        request.agentId,
        `agent \`${request.agentId}\` is stopped by a critical event until a person clears it`,
      ),
    );
  return undefined;
}

function stoppedBy(
  scope: NonNullable<DecisionInputs['killSwitch']>['scope'],
  agentId: string,
): string {
  switch (scope.kind) {
    case 'agent':
      return `agent \`${agentId}\``;
    case 'type':
      return `every agent of type \`${scope.id}\``;
    case 'tenant':
      return 'every agent of the tenant';
    case 'all':
      return 'every agent of every tenant';
  }
}

/** Refuses when no grant holds; otherwise leaves the rest to the policies. */
function matchGrants(inputs: DecisionInputs): Decision | undefined {
  const { grants, missed, request } = inputs;
  const asked = `\`${request.action}\` on \`${request.resource.type}:${request.resource.id}\``;
  if (grants.length === 0) {
    return deny(
      'NO_GRANT',
      gateReason(request.agentId, `no grant of agent \`${request.agentId}\` covers ${asked}`),
      ...missed.map(missReason),
    );
  }
  if (holdingGrants(inputs).length > 0) return undefined;
  const unread = grants.filter((grant) => !isRead(grant, inputs.limits));
  if (unread.length > 0) {
    const reasons = unread.map((grant) => limitReason(grant, inputs));
    return { ...deny('STALE_STATE', ...reasons), unread: true };
  }
  return deny('LIMIT_REACHED', ...grants.map((grant) => limitReason(grant, inputs)));
}

/** The matched grants whose conditions hold for this request, where need be with an approval. */
export function holdingGrants({
  grants,
  limits,
  request,
}: DecisionInputs): DecisionInputs['grants'] {
  return grants.filter((grant) => {
    const { conditions } = grant;
    if (!withinLimits(grant, limits)) return false;
    if (conditions.maxCostMicros === undefined) return true;
    const estimate = request.context['estimatedCostMicros'];
    return typeof estimate === 'number' && estimate >= 0 && estimate <= conditions.maxCostMicros;
  });
}

function askPolicies(inputs: DecisionInputs, evaluate: Evaluate): Decision {
  if (inputs.unusable.length > 0)
    return deny(
      'ENGINE_ERROR',
      ...inputs.unusable.map(
        (text): DecisionReason => ({ kind: 'engine', id: inputs.engine.name, text }),
      ),
    );
  const verdict = evaluate(inputs);
  if (verdict.errors.length > 0)
    return deny(
      'ENGINE_ERROR',
      ...verdict.errors.map(
        (text): DecisionReason => ({ kind: 'engine', id: inputs.engine.name, text }),
      ),
    );
  if (verdict.effect === 'allow' || verdict.approval) return allowOrAsk(inputs, verdict);
  const score = inputs.trust?.score ?? 0;
  const reasons = verdict.determining.map(
    (id): DecisionReason =>
      verdict.trustDecides
        ? { kind: 'trust', id, text: `policy \`${id}\` asks for more trust than ${score}` }
        : { kind: 'policy', id, text: `policy \`${id}\` forbids it` },
  );
  return {
    outcome: 'deny',
    code: verdict.trustDecides ? 'TRUST_TOO_LOW' : 'POLICY_FORBIDS',
    reasons,
    determining: verdict.determining,
  };
}

/** Allows what nothing forbids for good, with an approval where one is asked for. */
function allowOrAsk(inputs: DecisionInputs, verdict: PolicyVerdict): Decision {
  const holding = holdingGrants(inputs);
  const { determining, wouldDeny, record, approval: terms } = verdict;
  const approval = requirementOf(holding, terms && { ids: determining, terms });
  const granted = {
    outcome: 'allow' as const,
    code: null,
    ...(wouldDeny && { wouldDeny }),
    ...(record && { record }),
    ...(inputs.limits && { restsOn: restingOn(holding, approval, inputs.approval).grantId }),
  };
  if (!approval) return { ...granted, reasons: holding.map(grantReason), determining };
  const { outcome, code, reasons } = answerOf(approval, inputs);
  if (outcome !== 'allow') return { outcome, code, reasons, determining, approval };
  const all = [...holding.map(grantReason), ...reasons];
  return { ...granted, reasons: all, determining: [BASE_POLICY], approval };
}

const UNREAD = 'what the grant allowed before is still being counted; try again after a moment';

/** Why a matched grant does not hold. */
export function limitReason(
  { grantId, conditions }: MatchedGrant,
  { limits = [], request, nowMs }: DecisionInputs,
): DecisionReason {
  if (!isRead({ grantId, conditions }, limits)) return { kind: 'limit', id: grantId, text: UNREAD };
  const reached = limits.find((limit) => limit.grantId === grantId && !hasRoom(limit));
  const text =
    (reached && limitText(reached, nowMs)) ??
    (conditions.maxCostMicros === undefined
      ? 'the grant has a condition that this release can not enforce'
      : costText(conditions.maxCostMicros, request.context['estimatedCostMicros']));
  return { kind: 'limit', id: grantId, text };
}

function costText(maxCostMicros: number, estimate: PolicyValue | undefined): string {
  return typeof estimate === 'number'
    ? `the grant allows a cost of ${maxCostMicros} micros, ${estimate} are expected`
    : `the grant allows a cost of ${maxCostMicros} micros; give \`context.estimatedCostMicros\``;
}

function gateReason(id: string, text: string): DecisionReason {
  return { kind: 'gate', id, text };
}

function deny(code: DenyCode, ...reasons: DecisionReason[]): Decision {
  return { outcome: 'deny', code, reasons, determining: [] };
}
