/** What a history comes to, in words that no change of the folds' own state touches. */
import type { StoredEvent } from '@writ/bus';
import {
  type AgentState,
  type AgentTrust,
  type ApprovalsState,
  emptyWorld,
  foldEvent,
  type Grant,
  type Tenant,
  trustToJson,
  type UsesState,
} from '@writ/domain';

/** The final state of a log by tenant, as JSON. */
export function finalState(events: readonly StoredEvent[]): Record<string, unknown> {
  const world = emptyWorld();
  for (const event of events) foldEvent(world, event);
  const tenants = [...world.tenants].map(([id, tenant]) => [id, stateOf(tenant)] as const);
  return {
    seq: world.seq,
    time: new Date(world.timeMs).toISOString(),
    tenants: Object.fromEntries(tenants),
  };
}

function stateOf(tenant: Tenant): Record<string, unknown> {
  const { published, active } = tenant.policies;
  const { engaged } = tenant.killSwitch;
  return {
    agents: byId(tenant.agents, agentOf),
    grants: byId(tenant.grants, ({ grants }) =>
      Object.fromEntries([...grants].map((grant) => [grant.grantId, grantOf(grant)])),
    ),
    // Left out where there are none: older logs know of no uses.
    ...(tenant.uses.size === 0 ? {} : { uses: byId(tenant.uses, usesOf) }),
    ...(tenant.approvals.size === 0 ? {} : { approvals: byId(tenant.approvals, approvalsOf) }),
    policies: {
      active: active?.version ?? null,
      published: byId(published, ({ engine, digest, policies }) => ({ engine, digest, policies })),
    },
    keys: byId(tenant.keys, (key) =>
      key.status === 'unknown'
        ? key
        : {
            status: key.status,
            name: key.key.name,
            role: key.key.role,
            agents: key.key.agents,
            expiresAt: key.key.expiresAt,
          },
    ),
    // Logs of before there were switches come to a state without them.
    ...(engaged.size === 0 ? {} : { stopped: [...engaged.keys()] }),
    // As with switches.
    ...(tenant.validation.current === null ? {} : { validation: tenant.validation.current }),
    trust: byId(tenant.trust, trustOf),
  };
}

function grantOf(grant: Grant) {
  const { status, actions, resources, notBefore, expiresAt, conditions, delegable, parent } = grant;
  const stands = { status, actions, resources, notBefore, expiresAt, conditions };
  // Earlier releases knew of no handing on.
  return parent === null ? stands : { ...stands, delegable, parent };
}

function agentOf(agent: AgentState) {
  if (agent.status === 'unknown') return agent;
  const { name, type, version, capabilities, runtime, owner, labels } = agent.current;
  const current = { name, type, version, capabilities, runtime, owner, labels };
  return { status: agent.status, current, versions: [...agent.versions.keys()] };
}

function usesOf(uses: UsesState) {
  return byId(uses, ({ used, open }) => ({ used, open: [...open.keys()] }));
}

function approvalsOf({ approvals }: ApprovalsState) {
  return byId(approvals, ({ status, approvedBy, rejectedBy, usedFor, expiresAt }) => ({
    status,
    approvedBy,
    rejectedBy,
    usedFor,
    expiresAt,
  }));
}

function trustOf(trust: AgentTrust) {
  const { r, s, minute, latchedBy, factCount } = trustToJson(trust);
  return { r, s, minute, latchedBy, factCount };
}

function byId<V, T>(map: ReadonlyMap<string, V>, show: (value: V) => T): Record<string, T> {
  return Object.fromEntries([...map].map(([id, value]) => [id, show(value)]));
}
