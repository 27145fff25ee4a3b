/** Fills a log with what a small company would have in it: keys, agents, grants, policies, facts. */
import { randomUUID } from 'node:crypto';
import type { EventStore, NewEvent } from '@writ/bus';
import { subjects, type WritEvent } from '@writ/contracts';
import { policyDigest } from '@writ/policy';

export const TENANT = 'default';
/** A key that may speak for every agent and give every command. */
export const KEY = 'benchkey000001';

export const agentIdOf = (n: number): string => `bench:agent-${n}`;

type Writer = (subject: string, aggregate: string, events: readonly WritEvent[]) => Promise<void>;

const AT_ONCE = 12;

/** Appends whole aggregates, some at once; each subject is written once. */
export async function seed(
  store: EventStore,
  writeAll: (write: Writer) => Iterable<() => Promise<void>>,
): Promise<void> {
  const timeMs = Date.now();
  const write: Writer = async (subject, aggregate, events) => {
    const made = events.map(
      (event, i): NewEvent => ({
        ...event,
        id: randomUUID(),
        timeMs,
        version: i + 1,
        tenant: TENANT,
        actor: { type: 'system', id: 'bench' },
        aggregate,
      }),
    );
    await store.append([{ subject, expectedLastSeq: 0, events: made }]);
  };
  const work = writeAll(write)[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = work.next(); !next.done; next = work.next()) await next.value();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** How many events, in the name of a variant. */
export function inThousands(events: number): string {
  return `${Math.round(events / 1000)}k`;
}

/** Facts of one agent, stored in one batch. */
const FACTS_AT_ONCE = 100;

/** Fills a log with about so many events: agents, two grants each, and what they did. Returns its last sequence. */
export async function seedFacts(store: EventStore, events: number): Promise<number> {
  const agents = Math.max(1, Math.round(events / (FACTS_AT_ONCE + 3)));
  await seed(store, function* (write) {
    yield adminKey(write);
    for (let n = 0; n < agents; n++) {
      yield registeredAgent(write, n);
      yield grantsOf(write, n, 2);
      yield factsOf(write, n, FACTS_AT_ONCE);
    }
  });
  return (await store.status()).lastSeq;
}

export const adminKey =
  (write: Writer, keyId = KEY) =>
  () =>
    write(subjects.key(TENANT, keyId), `key/${keyId}`, [
      {
        type: 'KeyCreated',
        data: {
          keyId,
          name: 'bench',
          role: 'admin',
          agents: [],
          expiresAt: null,
          secretHash: '00',
        },
      },
    ]);

export const registeredAgent = (write: Writer, n: number) => () =>
  write(subjects.agent(TENANT, agentIdOf(n)), `agent/${agentIdOf(n)}`, [
    {
      type: 'AgentRegistered',
      data: {
        agentId: agentIdOf(n),
        name: `Agent ${n}`,
        type: 'analysis',
        version: '1.0.0',
        capabilities: ['sum', 'chart'],
        runtime: { kind: 'nats' },
        owner: `team-${n % 10}`,
        labels: { floor: String(n % 7) },
        keyId: KEY,
      },
    },
  ]);

/** An action whose policy only the engine can judge. */
export const ENGINE_ACTION = 'judge';

/** `count` grants for an agent, the last of which covers two actions on every dataset. */
export const grantsOf = (write: Writer, n: number, count: number) => () =>
  write(
    subjects.grants(TENANT, agentIdOf(n)),
    `grants/${agentIdOf(n)}`,
    Array.from({ length: count }, (_, i) => ({
      type: 'GrantIssued',
      data: {
        grantId: randomUUID(),
        agentId: agentIdOf(n),
        actions: i === count - 1 ? ['analyse', ENGINE_ACTION] : [`action-${i}`],
        resources: ['dataset:*'],
        notBefore: null,
        expiresAt: null,
        conditions: {},
        delegable: 0,
        parent: null,
        reason: null,
        issuedBy: KEY,
      },
    })),
  );

/** `count` policies: some about every action, most about actions of their own, as sets grow in practice. */
export const policySet = (write: Writer, count: number) => () => {
  const policies = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`policy-${i}`, policyText(i)] as const),
  );
  const digest = policyDigest('cedar', policies);
  return write(subjects.policies(TENANT), 'policies', [
    {
      type: 'PoliciesPublished',
      data: { version: '1', engine: 'cedar', policies, digest, note: null },
    },
    { type: 'PoliciesActivated', data: { version: '1', digest, superseded: null } },
  ]);
};

function policyText(i: number): string {
  if (i === 0) return 'forbid (principal, action, resource) unless { principal.trust >= 50 };';
  if (i === 1)
    return 'forbid (principal, action == Action::"analyse", resource) when { context.night == true };';
  if (i === 2)
    return `forbid (principal, action == Action::"${ENGINE_ACTION}", resource) when { principal.name like "*rogue*" && resource.id like "*secret*" };`;
  return `forbid (principal, action == Action::"action-${i}", resource) when { principal.trust < ${100 + i} };`;
}

/** `count` facts of an agent: reports, and a rating after every fourth. */
export const factsOf = (write: Writer, n: number, count: number) => () =>
  write(
    subjects.facts(TENANT, agentIdOf(n)),
    `facts/${agentIdOf(n)}`,
    Array.from(
      { length: count },
      (_, i): WritEvent => (i % 5 === 4 ? rating(n, i) : execution(n, i)),
    ),
  );

function execution(n: number, i: number): WritEvent {
  const failed = i % 17 === 0;
  return {
    type: 'ExecutionReported',
    data: {
      executionId: `e-${n}-${i}`,
      agentId: agentIdOf(n),
      action: 'analyse',
      resource: `dataset:d-${i % 50}`,
      decisionId: null,
      outcome: failed ? 'failed' : 'succeeded',
      severity: failed ? 'minor' : null,
      startedAt: null,
      durationMs: 120 + i,
      costMicros: 40 * i,
      tokens: { input: 100, output: 20 },
      error: failed ? { code: 'NO_DATA', message: 'the dataset is empty' } : null,
    },
  };
}

function rating(n: number, i: number): WritEvent {
  return {
    type: 'FeedbackGiven',
    data: {
      feedbackId: `f-${n}-${i}`,
      agentId: agentIdOf(n),
      executionId: `e-${n}-${i - 1}`,
      rating: 0.9,
      source: 'human',
      rater: `usr_${i % 20}`,
      severity: 'normal',
      comment: 'clear and quick',
    },
  };
}
