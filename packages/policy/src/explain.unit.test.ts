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

  test('at the gate says what comes first, and asks no policy of an agent that nobody knows', () => {
    expect(explain({ agent: { status: 'suspended' } }).flips).toEqual([
      {
        kind: 'gate',
        to: 'allow',
        text: 'letting the agent go on comes first: agent `lab:reader` is suspended',
      },
    ]);
    expect(explain({ agent: null })).toMatchObject({ code: 'AGENT_UNKNOWN', policies: [] });
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
