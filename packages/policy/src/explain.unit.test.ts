import fc from 'fast-check';
import { decideAccess } from '@writ/domain';
import { describe, expect, test } from 'vitest';
import { policyDigest } from './digest.ts';
import { openCedar } from './engine.ts';
import { explainDecision } from './explain.ts';
import { inputsWith } from './inputs.fixture.ts';

const engine = openCedar();
const policies = {
  freeze: 'forbid (principal, action == Action::"write", resource);',
  trusted:
    'forbid (principal, action == Action::"publish", resource) unless { principal.trust >= 600 };',
  watched: '@mode("log_only") forbid (principal, action == Action::"read", resource);',
};
const explain = (changes: Parameters<typeof inputsWith>[0], more: object = {}) =>
  explainDecision(engine, { inputs: { ...inputsWith(changes), ...more }, policies });

describe('an explanation', () => {
  test('of an allow says what it rests on and what would end it', () => {
    expect(explain({ action: 'read' })).toEqual({
      outcome: 'allow',
      code: null,
      grants: [{ grantId: 'g1', holds: true, text: 'granted without an end' }],
      policies: [
        { policyId: 'freeze', says: 'passes', text: 'does not apply' },
        { policyId: 'trusted', says: 'passes', text: 'does not apply' },
        {
          policyId: 'watched',
          says: 'would_forbid',
          text: 'would forbid it, but only takes notes',
        },
      ],
      flips: [{ kind: 'grant', to: 'deny', text: 'taking back `g1`' }],
    });
    const ending = { grantId: 'g2', expiresAt: '2027-01-01T00:00:00.000Z', conditions: {} };
    expect(explain({ grants: [ending] }).flips).toContainEqual({
      kind: 'grant',
      to: 'deny',
      text: 'time: no grant holds after 2027-01-01T00:00:00.000Z',
    });
  });

  test('of a deny by a policy names it, and says that it alone stands in the way', () => {
    const { code, policies: said, flips } = explain({ action: 'write' });
    expect(code).toBe('POLICY_FORBIDS');
    expect(said.find(({ policyId }) => policyId === 'freeze')?.says).toBe('forbids');
    expect(flips).toEqual([{ kind: 'policy', to: 'allow', text: 'without `freeze`' }]);
  });

  test('of a deny by trust says how much would do, to the point', () => {
    expect(explain({ action: 'publish', trust: 412 }).flips).toContainEqual({
      kind: 'trust',
      to: 'allow',
      text: 'a trust of 600 or more, it is 412',
    });
    expect(explain({ action: 'publish', trust: 700 }).flips).toContainEqual({
      kind: 'trust',
      to: 'deny',
      text: 'a trust below 600, it is 700',
    });
  });

  test('without a grant says which one is missing, unless a policy would forbid it all the same', () => {
    const missing = { kind: 'grant', to: 'allow', text: 'a grant of `read` on `dataset:sales`' };
    expect(explain({ grants: [] }).flips).toEqual([missing]);
    expect(explain({ action: 'write', grants: [] }).flips).toEqual([]);
  });

  test.each<[string, object, string]>([
    [
      'a suspended agent',
      { agent: { status: 'suspended' } },
      'letting the agent go on: agent `lab:reader` is suspended',
    ],
    [
      'an agent that is stopped by a critical event',
      { agent: { latched: true } },
      'clearing the suspension: agent `lab:reader` is stopped by a critical event until a person clears it',
    ],
    [
      'an agent that is retired',
      { agent: { status: 'retired' } },
      'registering the agent again: agent `lab:reader` is retired',
    ],
  ])('of %s says what would let it in', (_who, changes, text) => {
    expect(explain(changes).flips).toEqual([{ kind: 'gate', to: 'allow', text }]);
    const asked = { ...changes, action: 'publish', trust: 700 };
    expect(explain(asked).flips).toMatchObject([{ kind: 'gate', to: 'allow' }]);
  });

  test('at the gate names what was in the way, and nothing where more than that was', () => {
    const { key, request } = inputsWith();
    const stopped = { killSwitch: { scope: { kind: 'all' }, sinceMs: 0 } };
    const revoked = { key: { ...key, status: 'revoked' } };
    const foreign = { key: { ...key, speaksForAgent: false } };
    const mistaken = { request: { ...request, subjectType: 'writer' } };
    const stepOf = (more: object, changes = {}) =>
      explain(changes, more).flips.map(({ text }) => text.split(':')[0]);
    expect([stopped, revoked, foreign, mistaken].flatMap((more) => stepOf(more))).toEqual([
      'releasing the kill switch',
      'a key that is active',
      'a key that speaks for the agent',
      'asking for an agent of type `reader`',
    ]);
    expect(stepOf(stopped, { grants: [] })).toEqual([]);
    expect(stepOf({ ...stopped, ...foreign })).toEqual([]);
    expect(stepOf({}, { agent: { status: 'suspended', latched: true } })).toEqual([]);
    expect(stepOf({}, { agent: { status: 'suspended' }, action: 'write' })).toEqual([]);
    expect(explain({ agent: null })).toMatchObject({
      code: 'AGENT_UNKNOWN',
      policies: [],
      flips: [],
    });
  });

  test('of an approval that the asking key gave itself says nothing of another key for the agent', () => {
    const watched = { grantId: 'g1', expiresAt: null, conditions: { requireApproval: true } };
    const inputs = inputsWith({ grants: [watched] });
    const approval = {
      approvalId: 'a1',
      status: 'approved',
      argumentsHash: 'sha256:a',
      requiredBy: [{ kind: 'grant', id: 'g1' }],
      approvedBy: [inputs.key.keyId],
      expiresAt: new Date(inputs.nowMs + 1000).toISOString(),
    };
    expect(explain({ grants: [watched] }, { approval })).toMatchObject({
      code: 'IDENTITY_MISMATCH',
      flips: [],
    });
  });

  test('says of each grant whether it holds, and rests an allow on those that do', () => {
    const used = { grantId: 'g1', expiresAt: null, conditions: { maxUses: 2 } };
    const open = { grantId: 'g2', expiresAt: '2027-02-01T00:00:00.000Z', conditions: {} };
    const unread = { ...used, grantId: 'g3' };
    const reading = { kind: 'uses', reserved: true, used: 2, limit: 2, asks: 1, seconds: null };
    const by = { grantId: 'g1', agentId: 'lab:reader' };
    const limits = [{ grantId: 'g1', by, ...reading, roomAtMs: null }];
    const { outcome, grants, flips } = explain({ grants: [used, open, unread] }, { limits });
    expect(outcome).toBe('allow');
    expect(grants).toEqual([
      { grantId: 'g1', holds: false, text: '2 of 2 uses of the grant are used' },
      { grantId: 'g2', holds: true, text: 'granted until 2027-02-01T00:00:00.000Z' },
      {
        grantId: 'g3',
        holds: false,
        text: 'what the grant allowed before is still being counted; try again after a moment',
      },
    ]);
    expect(flips.map(({ text }) => text)).toEqual([
      'taking back `g2`',
      'time: no grant holds after 2027-02-01T00:00:00.000Z',
    ]);
  });

  test('has the outcome of the decision, and a trust that really flips it, whatever is asked', () => {
    const set = { digest: policyDigest('cedar', policies), policies };
    fc.assert(
      fc.property(
        fc.constantFrom('read', 'write', 'publish', 'delete'),
        fc.integer({ min: 0, max: 1000 }),
        fc.boolean(),
        (action, trust, isGranted) => {
          const changes = { action, trust, ...(isGranted ? {} : { grants: [] }) };
          const { outcome, flips } = explain(changes);
          const { evaluate } = engine.compile('again', set);
          expect(outcome).toBe(decideAccess(inputsWith(changes), evaluate).outcome);
          for (const { to, text } of flips.filter(({ kind }) => kind === 'trust')) {
            const bound = Number(/(\d+)/.exec(text)?.[1]);
            const at = to === 'deny' ? bound - 1 : bound;
            const flipped = decideAccess(inputsWith({ ...changes, trust: at }), evaluate);
            expect(flipped.outcome).toBe(to);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
