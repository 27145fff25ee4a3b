import { expect, test } from 'vitest';
import { type AccessQuestion, type Gathered, gatherInputs } from './gather.ts';
import { nowMs, readerWorld, tenant, ToldWorld } from './world.fixture.ts';

const engine = { name: 'cedar', version: '4.13.0' };
const iso = (ms: number): string => new Date(ms).toISOString();

function gather(told: ToldWorld, changes: Partial<AccessQuestion> = {}, atMs = nowMs): Gathered {
  const question = {
    tenant,
    keyId: 'k0admin0000',
    agentId: 'reader',
    action: 'read',
    resource: { type: 'dataset', id: 'sales' },
    context: {},
    unusable: [],
    ...changes,
  };
  return gatherInputs(told.world, question, { nowMs: atMs, engine });
}

test('everything that is read is there by value', () => {
  expect(gather(readerWorld(), { context: { estimatedCostMicros: 3 } }).inputs).toEqual({
    tenant,
    key: { keyId: 'k0admin0000', status: 'active', speaksForAgent: true },
    request: {
      agentId: 'reader',
      action: 'read',
      resource: { type: 'dataset', id: 'sales' },
      context: { estimatedCostMicros: 3 },
    },
    unusable: [],
    agent: {
      status: 'active',
      latched: false,
      type: 'reader',
      version: '1.0.0',
      owner: 'team-a',
      capabilities: ['csv'],
      labels: { env: 'prod' },
    },
    grants: [{ grantId: 'g1', expiresAt: null, conditions: {} }],
    missed: [],
    trust: { score: 120, model: 'writ-trust-1', r: '0.000000000', s: '0.000000000', minute: 0 },
    policies: { version: null, digest: 'sha256:none' },
    engine,
    nowMs,
    seq: 3,
  });
});

test('asking changes nothing, of tenants that are not known either', () => {
  const told = readerWorld();
  const { inputs } = gather(told, { tenant: 'else' });
  expect(inputs).toMatchObject({
    agent: null,
    trust: null,
    grants: [],
    key: { status: 'unknown' },
  });
  expect([...told.world.tenants.keys()]).toEqual([tenant]);
});

test.each([
  ['exact', ['read'], ['dataset:sales'], true],
  ['a prefix', ['re*'], ['dataset:s*'], true],
  ['everything', ['*'], ['*'], true],
  ['the second of several', ['write', 'read'], ['host:a', 'dataset:*'], true],
  ['another action', ['reading'], ['*'], false],
  ['another resource', ['*'], ['dataset:sale'], false],
  ['another type', ['*'], ['data:*'], false],
])('a grant of %s covers what its patterns say', (_what, actions, resources, covers) => {
  const told = new ToldWorld().agent('reader').grant('reader', { actions, resources });
  expect(gather(told).inputs.grants.length).toBe(covers ? 1 : 0);
});

test('a grant holds from its beginning until just before its end', () => {
  const told = new ToldWorld()
    .agent('reader')
    .grant('reader', { notBefore: iso(nowMs + 10), expiresAt: iso(nowMs + 20) });
  const at = (ms: number): unknown => {
    const { inputs, validUntilMs } = gather(told, {}, nowMs + ms);
    return [inputs.grants.length, inputs.missed.map(({ why }) => why), validUntilMs - nowMs];
  };
  expect([9, 10, 19, 20].map(at)).toEqual([
    [0, ['not_yet'], 10],
    [1, [], 20],
    [1, [], 20],
    [0, ['expired'], 60_000],
  ]);
});

test('revoked grants are near misses, and a few are named', () => {
  const told = new ToldWorld().agent('reader');
  for (let n = 1; n <= 8; n++)
    told.grant('reader').tell({
      type: 'GrantRevoked',
      data: { grantId: `g${n}`, agentId: 'reader', reason: null, revokedBy: 'k' },
    });
  expect(gather(told).inputs.missed).toEqual(
    [1, 2, 3, 4, 5].map((n) => ({ grantId: `g${n}`, why: 'revoked' })),
  );
});

test('of too many grants the ones that hold most easily are recorded, in the order they were given', () => {
  const told = new ToldWorld().agent('reader');
  for (let n = 0; n < 100; n++) told.grant('reader', { conditions: { maxCostMicros: n } });
  told.grant('reader');
  const { grants } = gather(told).inputs;
  expect(grants.map(({ grantId }) => grantId)).toEqual(
    Array.from({ length: 64 }, (_, i) => `g${i + 38}`),
  );
});

test('an agent key speaks for the agents it names, until it expires or is revoked', () => {
  const told = readerWorld().key('k0agent0000', 'agent', {
    agents: ['lab:*', 'reader'],
    expiresAt: iso(nowMs + 5),
  });
  const key = (agentId: string, atMs = nowMs): unknown =>
    gather(told, { keyId: 'k0agent0000', agentId }, atMs).inputs.key;
  expect(key('reader')).toMatchObject({ status: 'active', speaksForAgent: true });
  expect(key('lab:x')).toMatchObject({ speaksForAgent: true });
  expect(key('readers')).toMatchObject({ speaksForAgent: false });
  expect(key('reader', nowMs + 5)).toMatchObject({ status: 'expired' });
  expect(gather(told, { keyId: 'k0agent0000' }).validUntilMs).toBe(nowMs + 5);
  told.tell({ type: 'KeyRevoked', data: { keyId: 'k0agent0000', reason: null } });
  expect(key('reader')).toMatchObject({ status: 'revoked' });
});

test('trust is read at the minute of the question, and stays true until the next', () => {
  const told = readerWorld();
  for (let i = 0; i < 5; i++) told.rate('reader', 1, 'normal', nowMs - 86_400_000 * (5 - i));
  const today = gather(told);
  const nextYear = gather(told, {}, nowMs + 365 * 86_400_000);
  expect(today.inputs.trust?.score).toBeGreaterThan(nextYear.inputs.trust?.score ?? 0);
  expect(today.inputs.trust?.r).toBe(nextYear.inputs.trust?.r);
  expect(gather(told, {}, nowMs + 59_999).validUntilMs).toBe(nowMs + 60_000);
});

test.each([
  ['says nothing', {}, null],
  ['expects nothing', { estimatedCostMicros: 0 }, 1],
  ['expects something', { estimatedCostMicros: 3 }, 3],
])('of an exact budget a question that %s asks for that', (_what, context, asks) => {
  const budget = { seconds: 60, costMicros: 9, exact: true };
  const told = new ToldWorld().agent('reader').grant('reader', { conditions: { budget } });
  expect(gather(told, { context }).inputs.limits?.map((limit) => limit.asks)).toEqual([asks]);
});
