/** What a small company would have in its log: keys, agents, grants, policies, and what the agents did. */
import { randomUUID } from 'node:crypto';
import { subjects, type WritEvent } from '@writ/contracts';
import { policyDigest } from '@writ/policy';
import { agentIdOf, type Part, type Seeder, type Seeding } from './seed.ts';

/** The key in whose name everything is done, or another one like it. */
export const seederKey =
  ({ seeder, write }: Seeding, keyId = seeder.keyId) =>
  () => {
    const { tenant, container, secretHash, role } = seeder;
    const agents = role === 'admin' ? [] : [`${container}:*`];
    return write({
      subject: subjects.key(tenant, keyId),
      aggregate: `key/${keyId}`,
      events: [
        {
          type: 'KeyCreated',
          data: { keyId, name: 'bench', role, agents, expiresAt: null, secretHash },
        },
      ],
    });
  };

/** An agent of a number and so many grants. */
export const enrolledAgent = (seeding: Seeding, n: number, grants: number) =>
  enrolledTogether(seeding, { from: n, to: n + 1, grants });

/** So many in one append are stored much faster than one by one, and fit into it with 20 grants each. */
const TOGETHER = 8;

export type Enrolment = {
  readonly from: number;
  /** The number after the last. */
  readonly to: number;
  readonly grants: number;
};

/** Agents of some numbers and so many grants of each, as fast as the log takes them. */
export function* enrolledAgents(
  seeding: Seeding,
  { from, to, grants }: Enrolment,
): Generator<() => Promise<void>> {
  for (let n = from; n < to; n += TOGETHER)
    yield enrolledTogether(seeding, { from: n, to: Math.min(n + TOGETHER, to), grants });
}

const enrolledTogether =
  ({ seeder, write }: Seeding, { from, to, grants }: Enrolment) =>
  () => {
    const parts: Part[] = [];
    for (let n = from; n < to; n++) {
      parts.push(registration(seeder, n));
      if (grants > 0) parts.push(grantsOf(seeder, n, grants));
    }
    return write(...parts);
  };

function registration(seeder: Seeder, n: number): Part {
  const agentId = agentIdOf(n, seeder);
  return {
    subject: subjects.agent(seeder.tenant, agentId),
    aggregate: `agent/${agentId}`,
    events: [
      {
        type: 'AgentRegistered',
        data: {
          agentId,
          name: `Agent ${n}`,
          type: 'analysis',
          version: '1.0.0',
          capabilities: ['sum', 'chart'],
          runtime: { kind: 'nats' },
          owner: `team-${n % 10}`,
          labels: { floor: String(n % 7) },
          keyId: seeder.keyId,
        },
      },
    ],
  };
}

/** An action whose policy only the engine can judge. */
export const ENGINE_ACTION = 'judge';

/** The last of the grants covers two actions on every dataset. */
function grantsOf(seeder: Seeder, n: number, count: number): Part {
  const agentId = agentIdOf(n, seeder);
  const events = Array.from({ length: count }, (_, i): WritEvent => {
    const actions = i === count - 1 ? ['analyse', ENGINE_ACTION] : [`action-${i}`];
    return {
      type: 'GrantIssued',
      data: {
        grantId: randomUUID(),
        agentId,
        actions,
        resources: ['dataset:*'],
        notBefore: null,
        expiresAt: null,
        conditions: {},
        delegable: 0,
        parent: null,
        reason: null,
        issuedBy: seeder.keyId,
      },
    };
  });
  return {
    subject: subjects.grants(seeder.tenant, agentId),
    aggregate: `grants/${agentId}`,
    events,
  };
}

/** `count` policies: some about every action, most about actions of their own, as sets grow in practice. */
export const policySet =
  ({ seeder, write }: Seeding, count: number) =>
  () => {
    const policies = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`policy-${i}`, policyText(i)] as const),
    );
    const digest = policyDigest('cedar', policies);
    return write({
      subject: subjects.policies(seeder.tenant),
      aggregate: 'policies',
      events: [
        {
          type: 'PoliciesPublished',
          data: { version: '1', engine: 'cedar', policies, digest, note: null },
        },
        { type: 'PoliciesActivated', data: { version: '1', digest, superseded: null } },
      ],
    });
  };

function policyText(i: number): string {
  if (i === 0) return 'forbid (principal, action, resource) unless { principal.trust >= 50 };';
  if (i === 1)
    return 'forbid (principal, action == Action::"analyse", resource) when { context.night == true };';
  if (i === 2)
    return `forbid (principal, action == Action::"${ENGINE_ACTION}", resource) when { principal.name like "*rogue*" && resource.id like "*secret*" };`;
  return `forbid (principal, action == Action::"action-${i}", resource) when { principal.trust < ${100 + i} };`;
}

export type Facts = { readonly from: number; readonly count: number };

/** Facts of an agent from one number on: reports, and a rating after every fourth. */
export const factsOf =
  ({ seeder, write }: Seeding, n: number, { from, count }: Facts) =>
  () => {
    const agentId = agentIdOf(n, seeder);
    return write({
      subject: subjects.facts(seeder.tenant, agentId),
      aggregate: `facts/${agentId}`,
      events: Array.from({ length: count }, (_, k) => fact(agentId, n, from + k)),
    });
  };

function fact(agentId: string, n: number, i: number): WritEvent {
  return i % 5 === 4 ? rating(agentId, n, i) : execution(agentId, n, i);
}

function execution(agentId: string, n: number, i: number): WritEvent {
  const failed = i % 17 === 0;
  return {
    type: 'ExecutionReported',
    data: {
      executionId: `e-${n}-${i}`,
      agentId,
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

function rating(agentId: string, n: number, i: number): WritEvent {
  return {
    type: 'FeedbackGiven',
    data: {
      feedbackId: `f-${n}-${i}`,
      agentId,
      executionId: `e-${n}-${i - 1}`,
      rating: 0.9,
      source: 'human',
      rater: `usr_${i % 20}`,
      severity: 'normal',
      comment: 'clear and quick',
    },
  };
}
