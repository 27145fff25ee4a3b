import { describe, expect, test } from 'vitest';
import type { DecisionInputs, LimitReading } from '@writ/contracts';
import { type Decision, decideAccess, type Evaluate, type PolicyVerdict } from './decision.ts';

const granted: PolicyVerdict = {
  effect: 'allow',
  determining: ['base.grants'],
  errors: [],
  trustDecides: false,
};

const inputs: DecisionInputs = {
  tenant: 'default',
  key: { keyId: 'k', status: 'active', speaksForAgent: true },
  request: {
    agentId: 'reader',
    action: 'read',
    resource: { type: 'dataset', id: 'sales' },
    context: {},
  },
  unusable: [],
  agent: {
    status: 'active',
    latched: false,
    type: 'reader',
    version: '1.0.0',
    owner: null,
    capabilities: [],
    labels: {},
  },
  grants: [{ grantId: 'g1', expiresAt: null, conditions: {} }],
  missed: [],
  trust: { score: 120, model: 'writ-trust-1', r: '0', s: '0', minute: 0 },
  policies: { version: null, digest: 'sha256:none' },
  engine: { name: 'cedar', version: '4.13.0' },
  nowMs: 0,
  seq: 1,
};
const { agent } = inputs;

function decide(changes: Partial<DecisionInputs>, verdict: PolicyVerdict = granted): Decision {
  return decideAccess({ ...inputs, ...changes }, () => verdict);
}

test('a holding grant and no forbid are an allow, with every grant that holds as a reason', () => {
  const grants = [
    { grantId: 'g1', expiresAt: null, conditions: {} },
    { grantId: 'g2', expiresAt: '2027-01-01T00:00:00.000Z', conditions: {} },
    { grantId: 'g3', expiresAt: null, conditions: { maxCostMicros: 1 } },
  ];
  expect(decide({ grants })).toEqual({
    outcome: 'allow',
    code: null,
    reasons: [
      { kind: 'grant', id: 'g1', text: 'granted without an end' },
      { kind: 'grant', id: 'g2', text: 'granted until 2027-01-01T00:00:00.000Z' },
    ],
    determining: ['base.grants'],
  });
});

const doubts: readonly [string, Partial<DecisionInputs>, string, RegExp][] = [
  [
    'a revoked key',
    { key: { keyId: 'k', status: 'revoked', speaksForAgent: true } },
    'KEY_REVOKED',
    /the key is revoked/,
  ],
  [
    'an unknown key',
    { key: { keyId: 'k', status: 'unknown', speaksForAgent: false } },
    'KEY_REVOKED',
    /unknown/,
  ],
  [
    'a key of somebody else',
    { key: { keyId: 'k', status: 'active', speaksForAgent: false } },
    'IDENTITY_MISMATCH',
    /does not speak for/,
  ],
  ['no such agent', { agent: null }, 'AGENT_UNKNOWN', /not registered/],
  [
    'a suspended agent',
    { agent: agent && { ...agent, status: 'suspended' } },
    'AGENT_SUSPENDED',
    /is suspended/,
  ],
  [
    'a retired agent',
    { agent: agent && { ...agent, status: 'retired' } },
    'AGENT_RETIRED',
    /is retired/,
  ],
  [
    'an agent that a critical event stopped',
    { agent: agent && { ...agent, latched: true } },
    'AGENT_SUSPENDED',
    /until a person clears it/,
  ],
  [
    'no grant',
    { grants: [] },
    'NO_GRANT',
    /no grant of agent `reader` covers `read` on `dataset:sales`/,
  ],
  [
    'an attribute that can not be used',
    { unusable: ['`context.a` is null'] },
    'ENGINE_ERROR',
    /`context.a` is null/,
  ],
];

test.each(doubts)('%s is a deny that says so', (_what, changes, code, text) => {
  const decision = decide(changes);
  expect(decision).toMatchObject({ outcome: 'deny', code, determining: [] });
  expect(decision.reasons[0]?.text).toMatch(text);
});

test('who asks comes before what is asked: nothing is told of an agent to a key that may not speak for it', () => {
  const key = { keyId: 'k', status: 'active', speaksForAgent: false } as const;
  expect(decide({ key, agent: null })).toEqual(decide({ key, grants: [] }));
});

test('near misses follow the reason', () => {
  const missed = [{ grantId: 'g9', why: 'expired' } as const];
  expect(decide({ grants: [], missed }).reasons).toMatchObject([
    { kind: 'gate' },
    { kind: 'grant', id: 'g9', text: expect.stringContaining('expired') },
  ]);
});

test.each([
  ['no estimate', {}, false],
  ['an estimate at the limit', { estimatedCostMicros: 100 }, true],
  ['an estimate above it', { estimatedCostMicros: 101 }, false],
  ['an estimate below nothing', { estimatedCostMicros: -1 }, false],
  ['an estimate in words', { estimatedCostMicros: 'little' }, false],
])('a greatest cost with %s', (_what, context, allowed) => {
  const grants = [{ grantId: 'g1', expiresAt: null, conditions: { maxCostMicros: 100 } }];
  const decision = decide({ grants, request: { ...inputs.request, context } });
  expect(decision).toMatchObject(
    allowed
      ? { outcome: 'allow' }
      : { outcome: 'deny', code: 'LIMIT_REACHED', reasons: [{ kind: 'limit', id: 'g1' }] },
  );
});

test.each([{ maxUses: 1 }, { window: { limit: 1, seconds: 1 } }])(
  'a limit of which nothing was read leaves no room: %j',
  (conditions) => {
    expect(decide({ grants: [{ grantId: 'g1', expiresAt: null, conditions }] })).toMatchObject({
      outcome: 'deny',
      code: 'STALE_STATE',
      unread: true,
    });
  },
);

describe('limits', () => {
  const reading = (more: Partial<LimitReading> = {}): LimitReading => ({
    grantId: 'g1',
    by: { grantId: 'g1', agentId: 'reader' },
    kind: 'uses',
    reserved: true,
    used: 1,
    limit: 2,
    asks: 1,
    seconds: null,
    roomAtMs: null,
    ...more,
  });
  const limited = { grantId: 'g1', expiresAt: null, conditions: { maxUses: 2 } };

  test('of a grant and of all before it must have room', () => {
    const parent = { by: { grantId: 'g0', agentId: 'boss' } };
    expect(decide({ grants: [limited], limits: [reading()] })).toMatchObject({
      outcome: 'allow',
      restsOn: 'g1',
    });
    const full = [reading(), reading({ ...parent, used: 7, limit: 7 })];
    expect(decide({ grants: [limited], limits: full })).toMatchObject({
      code: 'LIMIT_REACHED',
      reasons: [{ kind: 'limit', id: 'g1', text: '7 of 7 uses of the grant are used' }],
    });
  });

  test('are not touched while another grant holds without', () => {
    const open = { grantId: 'g2', expiresAt: null, conditions: {} };
    expect(decide({ grants: [limited, open], limits: [reading()] }).restsOn).toBe('g2');
  });

  test('say how much is left, and when there is room again', () => {
    const textOf = (more: Partial<LimitReading>) => {
      const conditions = { budget: { seconds: 60, costMicros: 9 } };
      const grants = [{ grantId: 'g1', expiresAt: null, conditions }];
      const limit = reading({ kind: 'cost', used: 8, limit: 9, asks: 2, seconds: 60, ...more });
      return decide({ grants, limits: [limit] }).reasons[0]?.text;
    };
    expect([
      textOf({ roomAtMs: inputs.nowMs + 1500 }),
      textOf({ asks: 10 }),
      textOf({ asks: null, reserved: true }),
    ]).toEqual([
      '8 of 9 micros within 60 seconds are spent, 2 more do not fit; there is room in 2 seconds',
      "the grant's budget is 9 micros within 60 seconds, 10 are expected",
      "the grant's budget is reserved; give `context.estimatedCostMicros`",
    ]);
  });
});

test('a forbid denies, by trust where trust alone decides', () => {
  const forbidden: PolicyVerdict = {
    effect: 'deny',
    determining: ['a', 'b'],
    errors: [],
    trustDecides: false,
  };
  expect(decide({}, forbidden)).toMatchObject({
    outcome: 'deny',
    code: 'POLICY_FORBIDS',
    reasons: [
      { kind: 'policy', id: 'a' },
      { kind: 'policy', id: 'b' },
    ],
    determining: ['a', 'b'],
  });
  expect(decide({}, { ...forbidden, trustDecides: true })).toMatchObject({
    code: 'TRUST_TOO_LOW',
    reasons: [
      { kind: 'trust', id: 'a', text: expect.stringContaining('120') },
      { kind: 'trust', id: 'b' },
    ],
  });
});

test('any error of the engine denies, whatever it decided', () => {
  expect(decide({}, { ...granted, errors: ['policy `p`: failed'] })).toMatchObject({
    outcome: 'deny',
    code: 'ENGINE_ERROR',
    reasons: [{ kind: 'engine', id: 'cedar', text: 'policy `p`: failed' }],
  });
});

test('policies are not asked where the answer is known without them', () => {
  const never: Evaluate = () => {
    throw new Error('asked');
  };
  for (const [, changes] of doubts)
    expect(decideAccess({ ...inputs, ...changes }, never).outcome).toBe('deny');
});

test('the same inputs give the same bytes, after a way through JSON too', () => {
  for (const [, changes] of doubts) {
    const given = { ...inputs, ...changes };
    const again = JSON.parse(JSON.stringify(given)) as DecisionInputs;
    expect(JSON.stringify(decideAccess(again, () => granted))).toBe(
      JSON.stringify(decideAccess(given, () => granted)),
    );
  }
});
