/** Reads from the world, at one moment, everything that a decision needs, by value. */
import type { DecisionInputs, PolicyValue } from '@writ/contracts';
import type { AgentState } from '../registry/agent.ts';
import type { KeyState } from '../tenancy/key.ts';
import { type AgentTrust, initialTrust } from '../trust/agent-trust.ts';
import { minuteOf } from '../trust/facts.ts';
import type { TrustModel } from '../trust/model.ts';
import { readTrust } from '../trust/score.ts';
import { trustNumerics } from '../trust/agent-trust.ts';
import { findGrants, grantInputs } from './find-grants.ts';
import { instantOf } from './instant.ts';
import { type EngagedSwitch, OPERATOR_TENANT, switchThatStops } from './kill-switch.ts';
import { readLimits, type Windows } from './limits.ts';
import { coversAny } from './patterns.ts';
import { emptyTenant, modelOf, type Tenant, type World } from './world.ts';

/** The question, with only the attributes that the active policies read and a policy can be shown. */
export type AccessQuestion = {
  readonly tenant: string;
  readonly keyId: string;
  readonly agentId: string;
  /** The type that the agent must have registered with; left out where any will do. */
  readonly subjectType?: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly context: Readonly<Record<string, PolicyValue>>;
  readonly unusable: readonly string[];
  /** What log-only policies are shown of the context, where they read it. */
  readonly logOnly?: DecisionInputs['logOnly'];
};

export type EngineIdentity = { readonly name: string; readonly version: string };

export type Gathered = {
  readonly inputs: DecisionInputs;
  /** Until when, in milliseconds, the same question on the same state has the same inputs but for the clock. */
  readonly validUntilMs: number;
  /** Other agents whose state was read: those that grants were handed on from. */
  readonly alsoRead: readonly string[];
};

const NOBODY = emptyTenant();
const NO_POLICIES = { version: null, digest: 'sha256:none' } as const;

export function gatherInputs(
  world: World,
  question: AccessQuestion,
  at: { readonly nowMs: number; readonly engine: EngineIdentity; readonly windows?: Windows },
): Gathered {
  const tenant = world.tenants.get(question.tenant) ?? NOBODY;
  const { agentId, subjectType, action, resource, context, logOnly } = question;
  const found = findGrants(tenant, question, at.nowMs);
  const minute = minuteOf(at.nowMs);
  const trust = tenant.trust.get(agentId) ?? initialTrust();
  const known = tenant.agents.get(agentId);
  const { active, schema } = tenant.policies;
  const stopped = stopOf(world, tenant, agentId);
  const { nowMs, windows } = at;
  const limits = readLimits(tenant, found.matched, { context, nowMs, windows });
  const inputs: DecisionInputs = {
    tenant: question.tenant,
    key: keyInputs(tenant.keys.get(question.keyId), question, at.nowMs),
    request: {
      agentId,
      ...(subjectType === undefined ? {} : { subjectType }),
      action,
      resource: { type: resource.type, id: resource.id },
      context,
    },
    unusable: [...question.unusable],
    ...(logOnly && { logOnly }),
    agent: agentInputs(known, trust.latchedBy !== null),
    ...(stopped === undefined ? {} : { killSwitch: stopped }),
    grants: found.matched.map(grantInputs),
    ...(limits.length === 0 ? {} : { limits: [...limits] }),
    missed: found.missed,
    trust: known === undefined ? null : trustInputs(trust, minute, modelOf(world, tenant)),
    policies: active ? { version: active.version, digest: active.digest } : NO_POLICIES,
    ...(schema && { schema: { version: schema.version, digest: schema.digest } }),
    engine: { name: at.engine.name, version: at.engine.version },
    nowMs: at.nowMs,
    seq: world.seq,
  };
  return {
    inputs,
    validUntilMs: Math.min(
      (minute + 1) * 60_000,
      found.validUntilMs,
      keyEnd(tenant, question, at.nowMs),
    ),
    alsoRead: found.alsoRead,
  };
}

/** The widest kill switch over the agent: one for everything is of the tenant that runs the cell. */
function stopOf(world: World, tenant: Tenant, agentId: string): EngagedSwitch | undefined {
  const ofCell = world.tenants.get(OPERATOR_TENANT)?.killSwitch.engaged.get('all');
  return ofCell ?? switchThatStops(tenant.killSwitch, agentId, tenant.agents.get(agentId));
}

type TrustInputs = NonNullable<DecisionInputs['trust']>;

/** What trust was last read as; it never changes within a minute, and reading it is the costliest part of gathering. */
const lastReadings = new WeakMap<
  AgentTrust,
  { readonly minute: number; readonly model: TrustModel; readonly inputs: TrustInputs }
>();

function trustInputs(trust: AgentTrust, minute: number, model: TrustModel): TrustInputs {
  const last = lastReadings.get(trust);
  if (last?.minute === minute && last.model === model) return last.inputs;
  const { score, modelVersion } = readTrust(trust, minute, model);
  const inputs = { score, model: modelVersion, ...trustNumerics(trust), minute: trust.minute };
  lastReadings.set(trust, { minute, model, inputs });
  return inputs;
}

function keyInputs(
  state: KeyState | undefined,
  { keyId, agentId }: AccessQuestion,
  nowMs: number,
): DecisionInputs['key'] {
  if (!state || state.status === 'unknown')
    return { keyId, status: 'unknown', speaksForAgent: false };
  const { key } = state;
  const ended = key.expiresAt !== null && instantOf(key.expiresAt) <= nowMs;
  const status = state.status === 'revoked' ? 'revoked' : ended ? 'expired' : 'active';
  return { keyId, status, speaksForAgent: speaksFor(key, agentId) };
}

/** True when a key may speak for the agent: an admin's for every agent, an agent's for those it names. */
export function speaksFor(
  key: { readonly role: string; readonly agents: readonly string[] },
  agentId: string,
): boolean {
  return key.role === 'admin' || coversAny(key.agents, agentId);
}

function keyEnd(tenant: Tenant, { keyId }: AccessQuestion, nowMs: number): number {
  const state = tenant.keys.get(keyId);
  if (!state || state.status === 'unknown' || state.key.expiresAt === null)
    return Number.POSITIVE_INFINITY;
  const end = instantOf(state.key.expiresAt);
  return end > nowMs ? end : Number.POSITIVE_INFINITY;
}

function agentInputs(state: AgentState | undefined, latched: boolean): DecisionInputs['agent'] {
  if (!state || state.status === 'unknown') return null;
  const { type, version, owner, capabilities, labels } = state.current;
  return { status: state.status, latched, type, version, owner, capabilities, labels };
}
