/** Whatever is handed on, in whatever chain: it never allows what the grants do not that it comes from. */
import type { GrantConditions } from '@writ/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { widenings } from './attenuation.ts';
import { decideAccess } from './decision.ts';
import { gatherInputs } from './gather.ts';
import type { Grant } from './grant-book.ts';
import { type GrantTerms, grants, type Lineage } from './grants.ts';
import { ancestorsOf } from './lineage.ts';
import { nowMs, readerWorld, tenant, ToldWorld } from './world.fixture.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const letters = (max: number) => fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: max });
const pattern = (head: string) =>
  fc.oneof(
    letters(2).map((text) => `${head}${text}*`),
    letters(2).map((text) => `${head}${text}`),
  );
const time = (min: number, max: number) =>
  fc.option(
    fc.integer({ min, max }).map((n) => iso(nowMs + n)),
    { nil: null },
  );

const terms = fc.record({
  actions: fc.array(pattern('x'), { minLength: 1, maxLength: 2 }),
  resources: fc.array(pattern('d:x'), { minLength: 1, maxLength: 2 }),
  notBefore: time(-3, 3),
  expiresAt: time(1, 9),
  conditions: fc.record({ maxCostMicros: fc.integer({ min: 0, max: 4 }) }, { requiredKeys: [] }),
  delegable: fc.integer({ min: 0, max: 5 }),
});
type Terms = typeof terms extends fc.Arbitrary<infer T> ? T : never;

const mostly = fc.constantFrom(true, true, true, false);

/** Terms that are handed on with some likelihood: each part is the parent's, or anything. */
const step = fc.record({
  terms,
  keep: fc.record({
    actions: mostly,
    resources: mostly,
    notBefore: mostly,
    expiresAt: mostly,
    conditions: mostly,
  }),
});

const question = fc.record({
  action: letters(2).map((text) => `x${text}`),
  resource: letters(2).map((text) => ({ type: 'd', id: `x${text}` })),
  atMs: fc.integer({ min: -4, max: 10 }).map((n) => nowMs + n),
  context: fc.record(
    { estimatedCostMicros: fc.integer({ min: -1, max: 5 }) },
    { requiredKeys: [] },
  ),
});

type Question = typeof question extends fc.Arbitrary<infer T> ? T : never;

const agentOf = (n: number): string => `agent-${n}`;

function allows(told: ToldWorld, agentId: string, asked: Question): boolean {
  const { action, resource, atMs, context } = asked;
  const { inputs } = gatherInputs(
    told.world,
    { tenant, keyId: 'k0admin0000', agentId, action, resource, context, unusable: [] },
    { nowMs: atMs, engine: { name: 'none', version: '1' } },
  );
  const permit = { effect: 'allow', determining: [], errors: [], trustDecides: false } as const;
  return decideAccess(inputs, () => permit).outcome === 'allow';
}

/** A world where agent 0 has a grant, and each other agent what the one before handed on to it. */
function chainOf(first: Terms, steps: readonly { terms: Terms; keep: Record<string, boolean> }[]) {
  const told = new ToldWorld().key('k0admin0000', 'admin').agent(agentOf(0));
  told.grant(agentOf(0), { ...first, grantId: 'g-0' });
  let length = 1;
  for (const { terms: other, keep } of steps) {
    const parent = grantIn(told, length - 1);
    if (!parent) break;
    const kept = Object.fromEntries(
      Object.entries(keep).flatMap(([name, is]) => (is ? [[name, Reflect.get(parent, name)]] : [])),
    );
    const wanted: GrantTerms = {
      ...other,
      ...kept,
      delegable: Math.min(other.delegable, parent.delegable - 1),
      grantId: `g-${length}`,
      agentId: agentOf(length),
      parent: { grantId: parent.grantId, agentId: parent.agentId },
      reason: null,
      issuedBy: 'k0admin0000',
    };
    if (!handOn(told, parent, wanted)) break;
    told.agent(agentOf(length)).grant(agentOf(length), wanted);
    length += 1;
  }
  return { told, length };
}

function grantIn(told: ToldWorld, n: number): Grant | undefined {
  return told.world.tenants.get(tenant)?.grants.get(agentOf(n))?.grants.get(`g-${n}`);
}

function handOn(told: ToldWorld, parent: Grant, wanted: GrantTerms): boolean {
  const known = told.world.tenants.get(tenant);
  const lineage: Lineage = [parent, ...((known && ancestorsOf(known, parent)) ?? [])];
  const parties = { holder: 'active', standing: 'active' } as const;
  const terms = { terms: wanted, lineage, timeMs: nowMs };
  const command = { type: 'DelegateGrant', ...terms, ...parties } as const;
  try {
    return grants.decide(grants.initial(), command).length === 1;
  } catch {
    return false;
  }
}

describe('a grant that was handed on', () => {
  test('never allows what any of the grants does not that it comes from', () => {
    const seen = { chains: 0, longest: 0, allowed: 0 };
    fc.assert(
      fc.property(
        terms,
        fc.array(step, { maxLength: 6 }),
        fc.array(question, { minLength: 8, maxLength: 8 }),
        (first, steps, questions) => {
          const { told, length } = chainOf({ ...first, delegable: 5 }, steps);
          seen.longest = Math.max(seen.longest, length);
          if (length > 1) seen.chains += 1;
          for (const asked of questions)
            for (let n = 1; n < length; n++)
              if (allows(told, agentOf(n), asked)) {
                seen.allowed += 1;
                expect(allows(told, agentOf(n - 1), asked)).toBe(true);
              }
        },
      ),
      { numRuns: 1500 },
    );
    // The test says something: many chains were made, some of them as long as can be, and allowed something.
    expect(seen.chains).toBeGreaterThan(100);
    expect(seen.longest).toBeGreaterThan(3);
    expect(seen.allowed).toBeGreaterThan(50);
  });

  const whole = { actions: ['*'], resources: ['*'], notBefore: null, expiresAt: null };
  const chain = (): ToldWorld => {
    const told = readerWorld().agent('a').agent('b').agent('c').agent('d');
    const from = (agentId: string) => ({ grantId: `of-${agentId}`, agentId });
    return told
      .grant('a', { ...whole, grantId: 'of-a', delegable: 5 })
      .grant('b', { ...whole, grantId: 'of-b', delegable: 4, parent: from('a') })
      .grant('c', { ...whole, grantId: 'of-c', delegable: 3, parent: from('b') })
      .grant('d', { ...whole, grantId: 'of-d', parent: from('c') });
  };
  const gathered = (told: ToldWorld, agentId = 'd', atMs = nowMs) =>
    gatherInputs(
      told.world,
      {
        tenant,
        keyId: 'k0admin0000',
        agentId,
        action: 'read',
        resource: { type: 'dataset', id: 'x' },
        context: {},
        unusable: [],
      },
      { nowMs: atMs, engine: { name: 'none', version: '1' } },
    );

  test('is read with everything that it comes from', () => {
    const { inputs, alsoRead } = gathered(chain());
    expect(inputs.grants).toEqual([
      {
        grantId: 'of-d',
        expiresAt: null,
        conditions: {},
        handedOnFrom: ['c', 'b', 'a'].map((agentId) => ({ grantId: `of-${agentId}`, agentId })),
      },
    ]);
    expect(alsoRead).toEqual(['c', 'b', 'a']);
  });

  test('names whom else was read once, however many were handed on by the same', () => {
    const told = chain();
    for (let n = 0; n < 9; n++)
      told.grant('d', { ...whole, parent: { grantId: 'of-c', agentId: 'c' } });
    expect(gathered(told).alsoRead).toEqual(['c', 'b', 'a']);
  });

  test.each([
    [
      'is revoked',
      'revoked',
      (told: ToldWorld) =>
        told.tell({
          type: 'GrantRevoked',
          data: { grantId: 'of-a', agentId: 'a', reason: null, revokedBy: 'k' },
        }),
    ],
    [
      'belongs to one who is retired',
      'retired',
      (told: ToldWorld) =>
        told.tell({ type: 'AgentRetired', data: { agentId: 'a', reason: null } }),
    ],
    [
      'belongs to one who is suspended',
      'stopped',
      (told: ToldWorld) =>
        told.tell({ type: 'AgentSuspended', data: { agentId: 'a', reason: null } }),
    ],
    [
      'belongs to one whom the kill switch stops',
      'stopped',
      (told: ToldWorld) =>
        told.tell({
          type: 'KillSwitchEngaged',
          data: { scope: { kind: 'agent', id: 'a' }, reason: 'odd' },
        }),
    ],
    [
      'belongs to one whom a critical event stopped',
      'stopped',
      (told: ToldWorld) => told.rate('a', 0, 'critical'),
    ],
  ])('does not hold any more when the first of them %s', (_what, why, happens) => {
    const told = happens(chain());
    for (const agentId of ['b', 'c', 'd']) {
      const { inputs } = gathered(told, agentId);
      expect(inputs.grants).toEqual([]);
      expect(inputs.missed).toEqual([
        { grantId: `of-${agentId}`, why, through: { grantId: 'of-a', agentId: 'a' } },
      ]);
    }
    const decision = decideAccess(gathered(told).inputs, () => {
      throw new Error('policies are not asked');
    });
    expect(decision.code).toBe('NO_GRANT');
    expect(decision.reasons[1]?.text).toMatch(/`a`.*handed on from/);
  });

  test('holds again when the one who handed it on goes on', () => {
    const told = chain()
      .tell({ type: 'AgentSuspended', data: { agentId: 'b', reason: null } })
      .tell({ type: 'AgentResumed', data: { agentId: 'b', reason: null } });
    expect(gathered(told).inputs.grants).toHaveLength(1);
  });

  test('does not hold where what it comes from is not known, or too far away', () => {
    const told = new ToldWorld().agent('a').agent('b');
    told.grant('b', { grantId: 'lost', parent: { grantId: 'nowhere', agentId: 'a' } });
    expect(gathered(told, 'b').inputs.grants).toEqual([]);
    const far = new ToldWorld().agent('z0').grant('z0', { grantId: 'of-z0' });
    for (let n = 1; n <= 6; n++)
      far.agent(`z${n}`).grant(`z${n}`, {
        grantId: `of-z${n}`,
        parent: { grantId: `of-z${n - 1}`, agentId: `z${n - 1}` },
      });
    expect(gathered(far, 'z5').inputs.grants).toHaveLength(1);
    expect(gathered(far, 'z6').inputs.grants).toEqual([]);
  });

  test('ends with what it comes from, whatever its own end', () => {
    const told = new ToldWorld().agent('a').agent('b');
    told
      .grant('a', { ...whole, grantId: 'of-a', expiresAt: iso(nowMs + 10) })
      .grant('b', { ...whole, parent: { grantId: 'of-a', agentId: 'a' } });
    expect(gathered(told, 'b').validUntilMs).toBe(nowMs + 10);
    expect(gathered(told, 'b', nowMs + 10).inputs).toMatchObject({
      grants: [],
      missed: [{ why: 'expired', through: { agentId: 'a' } }],
    });
  });
});

describe('conditions that are no looser', () => {
  const small = (min: number, max: number) => fc.integer({ min, max });
  const conditions: fc.Arbitrary<GrantConditions> = fc.record(
    {
      maxUses: small(1, 4),
      window: fc.record({ limit: small(1, 3), seconds: small(1, 6) }),
      budget: fc
        .record(
          {
            seconds: small(1, 6),
            costMicros: small(0, 6),
            tokens: small(0, 6),
            exact: fc.boolean(),
          },
          { requiredKeys: ['seconds'] },
        )
        .filter(({ costMicros, tokens }) => costMicros !== undefined || tokens !== undefined),
      requireApproval: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  type Use = { readonly at: number; readonly cost: number; readonly tokens: number };
  const uses = fc.array(fc.record({ at: small(0, 12), cost: small(0, 3), tokens: small(0, 3) }), {
    maxLength: 6,
  });

  /** Whether so many uses are within the conditions, by going through every one. */
  function admits({ maxUses, window, budget }: GrantConditions, made: readonly Use[]): boolean {
    const within = (seconds: number, at: number) =>
      made.filter((use) => use.at <= at && use.at > at - seconds);
    const sum = (some: readonly Use[], of: 'cost' | 'tokens') =>
      some.reduce((total, use) => total + use[of], 0);
    return (
      made.every(
        ({ at }) =>
          (window === undefined || within(window.seconds, at).length <= window.limit) &&
          (budget?.costMicros === undefined ||
            sum(within(budget.seconds, at), 'cost') <= budget.costMicros) &&
          (budget?.tokens === undefined ||
            sum(within(budget.seconds, at), 'tokens') <= budget.tokens),
      ) &&
      (maxUses === undefined || made.length <= maxUses)
    );
  }

  test('admit no row of uses that the others do not', () => {
    const bounds = { actions: ['*'], resources: ['*'], notBefore: null, expiresAt: null };
    const open = { ...bounds, fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
    let compared = 0;
    fc.assert(
      fc.property(conditions, conditions, uses, (parent, other, made) => {
        for (const child of [other, { ...parent, ...other }]) {
          const wider = widenings(
            { ...open, conditions: parent, delegable: 1 },
            { ...open, conditions: child, delegable: 0 },
          );
          if (wider.length > 0) continue;
          compared += 1;
          if (admits(child, made)) expect(admits(parent, made)).toBe(true);
          if (parent.requireApproval === true) expect(child.requireApproval).toBe(true);
          if (parent.budget?.exact === true) expect(child.budget?.exact).toBe(true);
        }
      }),
      { numRuns: 10_000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });
});
