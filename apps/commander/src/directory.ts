/**
 * What the commander knows of other aggregates without asking the log: keys, agents, and whose a
 * grant is. It is a fold that may be behind, so a "no" from it is always checked with the log.
 */
import { subjects, toWritError, WritError } from '@writ/contracts';
import {
  type AgentState,
  type AgentStanding,
  agent,
  key,
  type KeyState,
  laterOf,
  type World,
} from '@writ/domain';
import type { EventStore, Follower, StoredEvent } from '@writ/bus';
import { ApprovalBook } from './authority/approval-book.ts';
import { OpenUses } from './authority/open-uses.ts';
import type { Caller } from './order.ts';

const FILTERS = [
  'writ.*.evt.registry.agent.>',
  'writ.*.evt.tenancy.key.>',
  'writ.*.evt.authority.grants.>',
];

export type Directory = {
  /** Rejects when the log can not be read to its end. */
  readonly ready: Promise<void>;
  /** Why the log can not be followed any more, for good; nothing may be decided then. */
  readonly failure: WritError | undefined;
  /** The newest time that was folded, in milliseconds. */
  readonly timeMs: number;
  /** Resolves when everything up to `seq` was folded; throws `STALE_STATE` after two seconds. */
  reached(seq: number): Promise<void>;
  caller(tenant: string, keyId: string, nowMs: number): Promise<Caller>;
  standing(tenant: string, agentId: string): Promise<AgentStanding>;
  agentOfGrant(tenant: string, grantId: string): Promise<string | undefined>;
  /** The uses of limited grants that are open as far as the log was folded. */
  readonly uses: OpenUses;
  /** The approvals that the log has asked for, and which of them are open. */
  readonly approvals: ApprovalBook;
  agentOfApproval(tenant: string, approvalId: string): Promise<string | undefined>;
  stop(): Promise<void>;
};

const REACH_TIMEOUT_MS = 2000;

export type DirectoryOptions = {
  readonly store: EventStore;
  /** What was folded before; the log is followed from there on. */
  readonly world: World;
  readonly onTrouble: (error: WritError) => void;
};

export function openDirectory({ store, world, onTrouble }: DirectoryOptions): Directory {
  const { agents, keys, grantHolders, openUses, approvals } = knownOf(world);
  const waiters = new Set<{ seq: number; resolve: () => void }>();
  const { promise: ready, resolve: becomeReady, reject: fail } = Promise.withResolvers<void>();
  let failure: WritError | undefined;
  let { timeMs, seq: reachedSeq } = world;

  function fold(event: StoredEvent): void {
    timeMs = laterOf(timeMs, event.timeMs);
    switch (event.type) {
      case 'AgentRegistered':
      case 'AgentVersionRegistered':
      case 'AgentSuspended':
      case 'AgentResumed':
      case 'AgentRetired': {
        const name = `${event.tenant}/${event.data.agentId}`;
        agents.set(name, agent.evolve(agents.get(name) ?? agent.initial(), event));
        return;
      }
      case 'KeyCreated':
      case 'KeyRevoked': {
        const name = `${event.tenant}/${event.data.keyId}`;
        keys.set(name, key.evolve(keys.get(name) ?? key.initial(), event));
        return;
      }
      case 'GrantIssued':
        grantHolders.set(`${event.tenant}/${event.data.grantId}`, event.data.agentId);
        return;
      case 'GrantUseReserved':
      case 'GrantUseReleased':
      case 'GrantUseSettled':
        openUses.note(event);
        return;
      case 'ApprovalRequested':
      case 'ApprovalDecided':
      case 'ApprovalUsed':
      case 'ApprovalExpired':
        approvals.note(event);
        return;
      default:
        return;
    }
  }

  function moveTo(seq: number): void {
    reachedSeq = Math.max(reachedSeq, seq);
    for (const waiter of waiters)
      if (waiter.seq <= reachedSeq) {
        waiters.delete(waiter);
        waiter.resolve();
      }
  }

  const follower: Follower = store.follow({
    fromSeq: reachedSeq + 1,
    filters: FILTERS,
    onEvents(batch) {
      for (const event of batch) fold(event);
      moveTo(batch.at(-1)?.seq ?? 0);
    },
    onIdle(lastSeq) {
      moveTo(lastSeq);
      becomeReady();
    },
    onTrouble,
  });

  ready.catch(() => undefined);
  follower.done.catch((thrown: unknown) => {
    failure = toWritError(thrown);
    fail(failure);
  });

  function reached(seq: number): Promise<void> {
    if (reachedSeq >= seq) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.delete(waiter);
        reject(
          new WritError(
            'STALE_STATE',
            `the commander has read up to ${reachedSeq}, ${seq} is asked for; try again`,
          ),
        );
      }, REACH_TIMEOUT_MS);
      const waiter = {
        seq,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      waiters.add(waiter);
    });
  }

  /** The state as the log has it now, where the fold says no. */
  async function fromLog<S>(
    subject: string,
    initial: S,
    evolve: (state: S, event: StoredEvent) => S,
  ): Promise<S> {
    const { events } = await store.load(subject);
    return events.reduce(evolve, initial);
  }

  function keyInLog(tenant: string, keyId: string): Promise<KeyState> {
    return fromLog<KeyState>(subjects.key(tenant, keyId), key.initial(), (state, event) =>
      event.type === 'KeyCreated' || event.type === 'KeyRevoked' ? key.evolve(state, event) : state,
    );
  }

  function agentInLog(tenant: string, agentId: string): Promise<AgentState> {
    return fromLog<AgentState>(subjects.agent(tenant, agentId), agent.initial(), (state, event) => {
      switch (event.type) {
        case 'AgentRegistered':
        case 'AgentVersionRegistered':
        case 'AgentSuspended':
        case 'AgentResumed':
        case 'AgentRetired':
          return agent.evolve(state, event);
        default:
          return state;
      }
    });
  }

  return {
    ready,
    get failure() {
      return failure;
    },
    get timeMs() {
      return timeMs;
    },
    reached,
    async caller(tenant, keyId, nowMs) {
      const state = keys.get(`${tenant}/${keyId}`) ?? (await keyInLog(tenant, keyId));
      if (state.status === 'unknown')
        throw new WritError(
          'UNAUTHENTICATED',
          `there is no key \`${keyId}\`; ask an operator for one`,
        );
      const ended = state.key.expiresAt !== null && Date.parse(state.key.expiresAt) <= nowMs;
      if (state.status === 'revoked' || ended)
        throw new WritError(
          'UNAUTHENTICATED',
          `key \`${keyId}\` is ${ended ? 'expired' : 'revoked'}; ask an operator for another`,
        );
      return { tenant, keyId, role: state.key.role, agents: state.key.agents };
    },
    async standing(tenant, agentId) {
      const known = agents.get(`${tenant}/${agentId}`);
      return known?.status === 'active' ? known.status : (await agentInLog(tenant, agentId)).status;
    },
    async agentOfGrant(tenant, grantId) {
      const name = `${tenant}/${grantId}`;
      if (!grantHolders.has(name)) await reached((await store.status()).lastSeq);
      return grantHolders.get(name);
    },
    uses: openUses,
    approvals,
    async agentOfApproval(tenant, approvalId) {
      const known = approvals.agentOf(tenant, approvalId);
      if (known !== undefined) return known;
      await reached((await store.status()).lastSeq);
      return approvals.agentOf(tenant, approvalId);
    },
    stop: () => follower.stop(),
  };
}

/** What the directory keeps of a world. */
function knownOf(world: World) {
  const agents = new Map<string, AgentState>();
  const keys = new Map<string, KeyState>();
  const grantHolders = new Map<string, string>();
  const openUses = new OpenUses();
  const approvals = new ApprovalBook();
  for (const [tenantId, tenant] of world.tenants) {
    for (const [agentId, state] of tenant.agents) agents.set(`${tenantId}/${agentId}`, state);
    for (const [keyId, state] of tenant.keys) keys.set(`${tenantId}/${keyId}`, state);
    for (const [agentId, { grants }] of tenant.grants)
      for (const { grantId } of grants) grantHolders.set(`${tenantId}/${grantId}`, agentId);
    openUses.take(tenantId, tenant.uses);
    approvals.take(tenantId, tenant.approvals);
  }
  return { agents, keys, grantHolders, openUses, approvals };
}
