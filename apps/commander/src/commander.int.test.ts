import { subjects } from '@writ/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, type Commanders, startCommanders, tenant, typesOn } from './commanders.fixture.ts';
import { seedKey } from './seed-key.testkit.ts';

const WORKER = 'workerkey0001';

let cell: Commanders;

beforeAll(async () => {
  cell = await startCommanders(2);
  await seedKey(cell.store, { tenant, keyId: WORKER, role: 'agent', agents: ['town:*'] });
});
afterAll(() => cell?.stop());

const done: Commanders['done'] = (...args) => cell.done(...args);
const refused: Commanders['refused'] = (...args) => cell.refused(...args);
const eventsOf = (subject: string) => typesOn(cell, subject);

const report = (name: string, executionId: string) => ({
  executionId,
  agentId: `town:${name}`,
  action: 'count',
  resource: 'dataset:bikes',
  outcome: 'succeeded',
});

describe('a command', () => {
  test('stores its event and tells its sequence, type and token', async () => {
    const reply = await done('registry.register-agent', agent('first'));
    expect(reply.events).toEqual([
      { id: expect.any(String), type: 'dev.writ.registry.AgentRegistered.v1', seq: reply.seq },
    ]);
    expect(reply.token).toMatch(/^w1\./);
    expect(reply.result).toEqual({ agentId: 'town:first', status: 'active', version: '1.0.0' });
  });

  test('that changes nothing stores nothing', async () => {
    await done('registry.register-agent', agent('same'));
    const again = await done('registry.register-agent', agent('same'));
    expect(again.events).toEqual([]);
    expect(await eventsOf(subjects.agent(tenant, 'town:same'))).toEqual(['AgentRegistered']);
  });

  test('under a used idempotency key gives the same reply, for ever and from any commander', async () => {
    await done('registry.register-agent', agent('keyed'));
    const grant = { agentId: 'town:keyed', actions: ['count'], resources: ['dataset:*'] };
    const first = await done('authority.issue-grant', grant, { idempotencyKey: 'grant-1' });
    for (let i = 0; i < 6; i++)
      expect(await done('authority.issue-grant', grant, { idempotencyKey: 'grant-1' })).toEqual(
        first,
      );
    expect(await eventsOf(subjects.grants(tenant, 'town:keyed'))).toEqual(['GrantIssued']);
  });

  test('with another body under a used idempotency key is refused', async () => {
    await done('registry.register-agent', agent('reuse'));
    const grant = { agentId: 'town:reuse', actions: ['count'], resources: ['dataset:*'] };
    await done('authority.issue-grant', grant, { idempotencyKey: 'grant-2' });
    const error = await refused(
      'authority.issue-grant',
      { ...grant, actions: ['*'] },
      { idempotencyKey: 'grant-2' },
    );
    expect(error).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', retryable: false });
    await done('execution.report', report('reuse', 'e-1'));
    expect(
      (await refused('execution.report', { ...report('reuse', 'e-1'), durationMs: 5 })).code,
    ).toBe('IDEMPOTENCY_KEY_REUSED');
    await done('execution.report', report('reuse', 'e-2'), { idempotencyKey: 'report-1' });
    expect(
      (await refused('execution.report', report('reuse', 'e-3'), { idempotencyKey: 'report-1' }))
        .code,
    ).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  test('raced under one key or one fact id by two commanders is stored exactly once', async () => {
    for (let round = 0; round < 25; round++) {
      const name = `race-${round}`;
      await done('registry.register-agent', agent(name));
      const grant = { agentId: `town:${name}`, actions: ['count'], resources: ['dataset:*'] };
      const replies = await Promise.all([
        ...[1, 2, 3, 4].map(() =>
          done('authority.issue-grant', grant, { idempotencyKey: `race-${round}` }),
        ),
        ...[1, 2, 3, 4].map(() => done('execution.report', report(name, 'only'))),
      ]);
      expect(new Set(replies.map((reply) => reply.seq)).size).toBe(2);
      expect(await eventsOf(subjects.grants(tenant, `town:${name}`))).toEqual(['GrantIssued']);
      expect(await eventsOf(subjects.facts(tenant, `town:${name}`))).toEqual(['ExecutionReported']);
    }
  });

  test('of many facts of one agent, from two commanders at once, loses none and repeats none', async () => {
    await done('registry.register-agent', agent('busy'));
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => done('execution.report', report('busy', `e-${i}`))),
    );
    const { events } = await cell.store.load(subjects.facts(tenant, 'town:busy'));
    expect(events).toHaveLength(200);
    expect(events.map((event) => event.version)).toEqual(events.map((_, i) => i + 1));
  });

  test('that retires an agent ends its grants in the same append', async () => {
    await done('registry.register-agent', agent('old'));
    await done('authority.issue-grant', { agentId: 'town:old', actions: ['*'], resources: ['*'] });
    const reply = await done('registry.retire-agent', { agentId: 'town:old' });
    expect(reply.events.map((event) => event.type)).toEqual([
      'dev.writ.registry.AgentRetired.v1',
      'dev.writ.authority.GrantRevoked.v1',
    ]);
  });

  test('takes a grant back by its id alone', async () => {
    await done('registry.register-agent', agent('lost'));
    const { result } = await done('authority.issue-grant', {
      agentId: 'town:lost',
      actions: ['*'],
      resources: ['*'],
    });
    const reply = await done('authority.revoke-grant', { grantId: result['grantId'] });
    expect(reply.events).toHaveLength(1);
  });

  test('that makes a key shows its secret once, and not to a retry', async () => {
    const body = { name: 'worker', role: 'agent', agents: ['town:*'] };
    const first = await done('tenancy.create-key', body, { idempotencyKey: 'key-1' });
    expect(first.result['key']).toMatch(/^writ_[a-z0-9]{10,20}_/);
    const again = await done('tenancy.create-key', body, { idempotencyKey: 'key-1' });
    expect(again.result).toEqual({ keyId: first.result['keyId'] });
  });
});

describe('a bad command is refused with a code and the field', () => {
  const cases: [string, string, unknown, { code: string; path?: string; key?: string }][] = [
    ['malformed JSON', 'registry.register-agent', '{"agentId":', { code: 'BODY_MALFORMED' }],
    ['an empty body', 'registry.register-agent', '', { code: 'BODY_MALFORMED' }],
    ['a list', 'registry.register-agent', [], { code: 'BODY_INVALID' }],
    ['nesting of 5,000', 'registry.register-agent', '['.repeat(5000), { code: 'BODY_TOO_DEEP' }],
    [
      'a body over the limit',
      'registry.register-agent',
      { ...agent('x'), name: 'x'.repeat(300_000) },
      { code: 'BODY_TOO_LARGE' },
    ],
    [
      'an unknown property',
      'registry.register-agent',
      { ...agent('x'), colour: 'red' },
      { code: 'BODY_INVALID', path: 'colour' },
    ],
    [
      'a wrong type',
      'registry.register-agent',
      { ...agent('x'), name: 7 },
      { code: 'BODY_INVALID', path: 'name' },
    ],
    ...['a.b', '*', '', 'x'.repeat(64), 'a\u0000b', 'a:b:c'].map(
      (agentId): (typeof cases)[number] => [
        `the agent id ${JSON.stringify(agentId)}`,
        'registry.register-agent',
        { ...agent('x'), agentId },
        { code: 'BODY_INVALID', path: 'agentId' },
      ],
    ),
    ['an unknown verb', 'registry.paint-agent', {}, { code: 'VERB_UNKNOWN' }],
    [
      'an unknown agent',
      'execution.report',
      report('nobody', 'e'),
      { code: 'AGENT_UNKNOWN', path: 'agentId' },
    ],
    [
      'an unknown agent',
      'registry.suspend-agent',
      { agentId: 'nobody' },
      { code: 'AGENT_UNKNOWN' },
    ],
    [
      'an unknown key',
      'registry.register-agent',
      agent('x'),
      { code: 'UNAUTHENTICATED', key: 'nosuchkey0001' },
    ],
    ['a verb above its role', 'authority.issue-grant', {}, { code: 'NOT_ALLOWED', key: WORKER }],
    [
      'an agent of others',
      'registry.register-agent',
      { ...agent('x'), agentId: 'city:x' },
      { code: 'IDENTITY_MISMATCH', path: 'agentId', key: WORKER },
    ],
    [
      'a policy that does not parse',
      'authority.publish-policies',
      { policies: { night: 'forbid (principal, action, resource) when {' } },
      { code: 'POLICY_INVALID', path: 'policies.night' },
    ],
    [
      'a version that was never published',
      'authority.activate-policies',
      { version: '99' },
      { code: 'POLICY_VERSION_UNKNOWN', path: 'version' },
    ],
  ];

  test.each(cases)('%s (%s)', async (_what, verb, body, expected) => {
    const error = await refused(
      verb,
      body,
      expected.key === undefined ? {} : { key: expected.key },
    );
    expect(error.code).toBe(expected.code);
    expect(error.message).not.toMatch(/\n|at .*\.ts/);
    if (expected.path !== undefined)
      expect(error.details.map((detail) => detail.path)).toContain(expected.path);
  });

  test('an agent key that rates as a human, in the name of others, or praises its own agents as their peer', async () => {
    await done('registry.register-agent', agent('rated'));
    await done('registry.register-agent', agent('rater'));
    const rating = { agentId: 'town:rated', rating: 1, rater: 'town:rater' };
    expect(
      (await refused('trust.give-feedback', { ...rating, source: 'human' }, { key: WORKER })).code,
    ).toBe('SOURCE_NOT_ALLOWED');
    expect(
      (
        await refused(
          'trust.give-feedback',
          { ...rating, source: 'peer', rater: 'city:x' },
          { key: WORKER },
        )
      ).code,
    ).toBe('IDENTITY_MISMATCH');
    expect(
      (await refused('trust.give-feedback', { ...rating, source: 'self' }, { key: WORKER })).code,
    ).toBe('BODY_INVALID');
    const peer = { ...rating, source: 'peer' };
    const own = await refused('trust.give-feedback', peer, { key: WORKER });
    expect(own.code).toBe('SOURCE_NOT_ALLOWED');
    await done('trust.give-feedback', { ...peer, rating: 0.4 }, { key: WORKER });
  });
});

describe('a kill switch', () => {
  const scope = { kind: 'type', id: 'analysis' };

  test('is engaged and released by an admin, once each', async () => {
    const engaged = await done('authority.engage-kill-switch', { scope, reason: 'drill' });
    expect(engaged.result).toEqual({ scope, status: 'engaged' });
    const again = await done('authority.engage-kill-switch', { scope, reason: 'drill' });
    expect(again.events).toEqual([]);
    await done('authority.release-kill-switch', { scope, reason: 'over' });
    expect(await eventsOf(subjects.killSwitch(tenant))).toEqual([
      'KillSwitchEngaged',
      'KillSwitchReleased',
    ]);
  });

  test('is not turned by an agent, nor for everything by a tenant that does not run the cell', async () => {
    const body = { scope: { kind: 'all' }, reason: 'drill' };
    const byAgent = await refused('authority.engage-kill-switch', body, { key: WORKER });
    expect(byAgent.code).toBe('NOT_ALLOWED');
    const guest = { tenant: 'guest', keyId: 'guestadmin001' };
    await seedKey(cell.store, { ...guest, role: 'admin', agents: [] });
    for (const verb of ['authority.engage-kill-switch', 'authority.release-kill-switch']) {
      const byGuest = await refused(verb, body, { key: guest.keyId, tenant: guest.tenant });
      expect(byGuest).toMatchObject({
        code: 'NOT_ALLOWED',
        message: expect.stringContaining('use the scope `tenant`'),
      });
    }
    const own = { scope: { kind: 'tenant' }, reason: 'drill' };
    await done('authority.engage-kill-switch', own, { key: guest.keyId, tenant: guest.tenant });
  });
});

describe('a trust model', () => {
  test('is published under the next version of the tenant, once per idempotency key', async () => {
    const first = { parameters: { severity: { bad: { critical: 50 } } } };
    const reply = await done('trust.publish-model', first, { idempotencyKey: 'model-1' });
    expect(reply.result).toEqual({ version: '1', name: 'default/1' });
    const second = await done('trust.publish-model', { parameters: { z: 2 }, note: 'bolder' });
    expect(second.result).toEqual({ version: '2', name: 'default/2' });
    expect(await done('trust.publish-model', first, { idempotencyKey: 'model-1' })).toEqual(reply);
    expect((await done('trust.publish-model', { parameters: { z: 2 } })).events).toEqual([]);
    expect(await eventsOf(subjects.trustModel(tenant))).toHaveLength(2);
  });

  test.each([
    ['parameters.prior.verified', { prior: { verified: 1.5 } }],
    ['parameters.priorWeight', { priorWeight: 0 }],
    ['parameters.z', { z: 1.23456789 }],
    ['parameters', { halflife: 5 }],
  ])('with a bad %s is refused', async (path, parameters) => {
    const { code, details } = await refused('trust.publish-model', { parameters });
    expect(code).toBe('BODY_INVALID');
    expect(details.map((detail) => detail.path)).toContainEqual(expect.stringContaining(path));
  });
});
