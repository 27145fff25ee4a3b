/**
 * The world as governance sees it: every tenant's agents, grants, policies, trust and keys, folded
 * from the log by the same `evolve` functions that everything else uses. The maps are filled in
 * place, what they hold is immutable; one world belongs to one fold.
 */
import type { RecordedEvent } from '@writ/contracts';
import { laterOf } from '../decider.ts';
import { type AgentState, agent } from '../registry/agent.ts';
import { isAdminKey, type KeyState, key } from '../tenancy/key.ts';
import { type AgentTrust, initialTrust } from '../trust/agent-trust.ts';
import { trustFactOf } from '../trust/from-events.ts';
import { applyFact } from '../trust/ledger.ts';
import { raterOf } from '../trust/facts.ts';
import { DEFAULT_TRUST_MODEL, type TrustModel } from '../trust/model.ts';
import { ownModelOf, tenantModel, type TenantModelState } from '../trust/tenant-model.ts';
import { type ApprovalsState, approvals } from './approvals.ts';
import { type Budgets, openBudget, spend } from './budgets.ts';
import type { Grant } from './grant-book.ts';
import { type GrantsState, type GrantTerms, grants } from './grants.ts';
import { killSwitch, type KillSwitchState } from './kill-switch.ts';
import { type PoliciesState, policies } from './policies.ts';
import { SharedTerms } from './shared-terms.ts';
import { evolveUses, initialUses, type UsesState } from './uses.ts';
import { type ValidationState, validation } from './validation.ts';

export type Tenant = {
  readonly agents: Map<string, AgentState>;
  readonly grants: Map<string, GrantsState>;
  /** What was used of an agent's grants. */
  readonly uses: Map<string, UsesState>;
  /** What was reported of an agent's grants that have a budget. */
  readonly budgets: Budgets;
  /** The longest time, in seconds, over which a grant counts its allows; 0 where none does. */
  longestWindow: number;
  readonly approvals: Map<string, ApprovalsState>;
  readonly trust: Map<string, AgentTrust>;
  readonly keys: Map<string, KeyState>;
  policies: PoliciesState;
  killSwitch: KillSwitchState;
  validation: ValidationState;
  trustModel: TenantModelState;
  /** The model in force where the tenant published one. */
  ownModel: TrustModel | undefined;
};

export type World = {
  readonly tenants: Map<string, Tenant>;
  /** The model of tenants that published none. */
  readonly model: TrustModel;
  readonly sharedTerms: SharedTerms;
  /** The sequence of the last event folded, and the newest time folded. */
  seq: number;
  timeMs: number;
};

export function emptyWorld(model: TrustModel = DEFAULT_TRUST_MODEL): World {
  return { tenants: new Map(), model, sharedTerms: new SharedTerms(), seq: 0, timeMs: 0 };
}

/** A tenant of which nothing is known. */
export function emptyTenant(): Tenant {
  return {
    agents: new Map(),
    grants: new Map(),
    uses: new Map(),
    budgets: new Map(),
    longestWindow: 0,
    approvals: new Map(),
    trust: new Map(),
    keys: new Map(),
    policies: policies.initial(),
    killSwitch: killSwitch.initial(),
    validation: validation.initial(),
    trustModel: tenantModel.initial(),
    ownModel: undefined,
  };
}

function tenantOf(world: World, tenantId: string): Tenant {
  const known = world.tenants.get(tenantId);
  if (known) return known;
  const tenant = emptyTenant();
  world.tenants.set(tenantId, tenant);
  return tenant;
}

/** Folds one event of the log into the world. */
export function foldEvent(world: World, event: RecordedEvent): void {
  const tenant = tenantOf(world, event.tenant);
  switch (event.type) {
    case 'AgentRegistered':
    case 'AgentVersionRegistered':
    case 'AgentSuspended':
    case 'AgentResumed':
    case 'AgentRetired': {
      const id = event.data.agentId;
      tenant.agents.set(id, agent.evolve(tenant.agents.get(id) ?? agent.initial(), event));
      break;
    }
    case 'GrantIssued':
    case 'GrantRevoked': {
      const id = event.data.agentId;
      const state = tenant.grants.get(id) ?? grants.initial();
      tenant.grants.set(id, grants.evolve(state, sharing(world, state, event)));
      if (event.type === 'GrantIssued') openLimits(tenant, event.data);
      break;
    }
    case 'GrantUseReserved':
    case 'GrantUseReleased':
    case 'GrantUseSettled': {
      const id = event.data.agentId;
      const conditions = grantIn(tenant, id, event.data.grantId)?.conditions;
      tenant.uses.set(id, evolveUses(tenant.uses.get(id) ?? initialUses(), event, conditions));
      break;
    }
    case 'ApprovalRequested':
    case 'ApprovalDecided':
    case 'ApprovalUsed':
    case 'ApprovalExpired': {
      const id = event.data.agentId;
      const before = tenant.approvals.get(id) ?? approvals.initial();
      tenant.approvals.set(id, approvals.evolve(before, event));
      break;
    }
    case 'PoliciesPublished':
    case 'PoliciesActivated':
    case 'PoliciesRolledBack':
    case 'SchemaPublished':
      tenant.policies = policies.evolve(tenant.policies, event);
      break;
    case 'KillSwitchEngaged':
    case 'KillSwitchReleased':
      tenant.killSwitch = killSwitch.evolve(tenant.killSwitch, event);
      break;
    case 'TrustModelPublished':
      tenant.trustModel = tenantModel.evolve(tenant.trustModel, event);
      tenant.ownModel = ownModelOf(event.tenant, tenant.trustModel);
      break;
    case 'KeyCreated':
    case 'KeyRevoked': {
      const id = event.data.keyId;
      tenant.keys.set(id, key.evolve(tenant.keys.get(id) ?? key.initial(), event));
      break;
    }
    case 'ValidationPublished':
      tenant.validation = validation.evolve(tenant.validation, event);
      break;
    case 'ExecutionReported':
      spend(tenant.budgets, event, (agentId, grantId) => grantIn(tenant, agentId, grantId));
      break;
    case 'ExecutionStarted':
    case 'ResultValidated':
    case 'FeedbackGiven':
    case 'SuspensionCleared':
      break;
  }
  foldTrust(tenant, event, modelOf(world, tenant));
  world.seq = event.seq;
  world.timeMs = laterOf(world.timeMs, event.timeMs);
}

/** The event with what the world holds of its grant already, so that it is held once. */
function sharing(
  { sharedTerms }: World,
  { grants: { first } }: GrantsState,
  event: RecordedEvent<'GrantIssued' | 'GrantRevoked'>,
): RecordedEvent<'GrantIssued' | 'GrantRevoked'> {
  if (event.type === 'GrantRevoked') return event;
  return { ...event, data: sharedTerms.of(event.data, first?.agentId ?? event.data.agentId) };
}

function grantIn(tenant: Tenant, agentId: string, grantId: string): Grant | undefined {
  return tenant.grants.get(agentId)?.grants.get(grantId);
}

/** What is counted of a grant is counted from the moment on at which it is given. */
export function openLimits(tenant: Tenant, terms: GrantTerms): void {
  openBudget(tenant.budgets, terms);
  const { window } = terms.conditions;
  if (window && window.seconds > tenant.longestWindow) tenant.longestWindow = window.seconds;
}

/** The trust model in force for a tenant. */
export function modelOf({ model }: World, { ownModel }: Tenant): TrustModel {
  return ownModel ?? model;
}

function foldTrust(tenant: Tenant, event: RecordedEvent, model: TrustModel): void {
  const fact = trustFactOf(event, {
    ownerOf: (agentId) => tenant.trust.get(agentId)?.owner ?? null,
    isAdminKey: (keyId) => isAdminKey(tenant.keys.get(keyId)),
  });
  if (!fact) return;
  const raterId = raterOf(fact);
  const rater = raterId === undefined ? undefined : tenant.trust.get(raterId);
  const subject = tenant.trust.get(fact.agentId) ?? initialTrust();
  tenant.trust.set(fact.agentId, applyFact({ subject, rater }, fact, model));
}
