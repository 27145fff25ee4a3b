import type { WritEvent } from '@writ/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { authority, type AuthorityCommand } from './authority.ts';
import { OPEN_KEPT, usesFromJson, usesToJson } from './uses.ts';

const agentId = 'town:counter';
const grantId = '0b0e3c1a-0000-8000-8000-000000000001';
const nowMs = Date.parse('2026-11-20T00:00:00Z');
const idOf = (n: number) => `0b0e3c1a-0000-8000-8000-${String(n).padStart(12, '0')}`;

const issued = (maxUses: number, expiresAt: string | null = null): WritEvent<'GrantIssued'> => ({
  type: 'GrantIssued',
  data: {
    grantId,
    agentId,
    actions: ['count'],
    resources: ['*'],
    notBefore: null,
    expiresAt,
    conditions: { maxUses },
    delegable: 0,
    parent: null,
    reason: null,
    issuedBy: 'key0000001',
  },
});
const reserve = (n: number, timeMs = nowMs): AuthorityCommand => ({
  type: 'ReserveUse',
  grantIds: [grantId],
  decisionId: idOf(n),
  usedBy: agentId,
  costMicros: null,
  tokens: null,
  timeMs,
});
const close = (
  n: number,
  outcome: 'cancelled' | 'succeeded',
  usedBy = agentId,
): AuthorityCommand => ({
  type: 'CloseUses',
  agentId,
  decisionId: idOf(n),
  usedBy,
  outcome,
  costMicros: 7,
  tokens: { input: 4, output: 5 },
});
const use = (n: number) => ({ grantId, agentId, decisionId: idOf(n) });
const reserved = (n: number) =>
  ({
    type: 'GrantUseReserved',
    data: { ...use(n), usedBy: agentId, costMicros: null, tokens: null },
  }) as const;
const released = (n: number) =>
  ({ type: 'GrantUseReleased', data: { ...use(n), reason: 'cancelled' } }) as const;
const settled = (n: number) =>
  ({ type: 'GrantUseSettled', data: { ...use(n), costMicros: 7, tokens: 9 } }) as const;
const the = specify(authority);

describe('a grant with `maxUses`', () => {
  test('is reserved that often, and then refused', () => {
    the.given(issued(2)).when(reserve(1)).then(reserved(1));
    the.given(issued(2), reserved(1)).when(reserve(2)).then(reserved(2));
    the.given(issued(2), reserved(1), reserved(2)).when(reserve(3)).thenThrows('LIMIT_REACHED');
  });

  test('is reserved once for each decision, also where nothing is left', () => {
    the.given(issued(1), reserved(1)).when(reserve(1)).then();
  });

  test('is not reserved before it begins, after it ends or when it is revoked', () => {
    const expiresAt = '2026-11-20T00:00:01.000Z';
    the
      .given(issued(1, expiresAt))
      .when(reserve(1, nowMs + 999))
      .then(reserved(1));
    the
      .given(issued(1, expiresAt))
      .when(reserve(1, nowMs + 1000))
      .thenThrows('LIMIT_REACHED');
    const revoked = {
      type: 'GrantRevoked',
      data: { grantId, agentId, reason: null, revokedBy: 'key0000001' },
    } as const;
    the.given(issued(1), revoked).when(reserve(1)).thenThrows('LIMIT_REACHED');
    the.given().when(reserve(1)).thenThrows('LIMIT_REACHED');
  });

  test('gets a use back when it was cancelled, once, and only from who made it', () => {
    the.given(issued(1), reserved(1)).when(close(1, 'cancelled')).then(released(1));
    the
      .given(issued(1), reserved(1))
      .when(close(1, 'cancelled', 'town:other'))
      .then();
    the.given(issued(1), reserved(1), released(1)).when(close(1, 'cancelled')).then();
    the.given(issued(1), reserved(1), released(1)).when(reserve(2)).then(reserved(2));
  });

  test('never gets back a use that was reported as made', () => {
    the.given(issued(1), reserved(1)).when(close(1, 'succeeded')).then(settled(1));
    the.given(issued(1), reserved(1), settled(1)).when(close(1, 'cancelled')).then();
    the.given(issued(1), reserved(1), settled(1)).when(reserve(2)).thenThrows('LIMIT_REACHED');
  });

  test('is settled for what was reserved where the report tells no amounts', () => {
    const untold = { costMicros: 0, tokens: { input: 0, output: 0 } };
    const nothing = { data: { ...use(1), costMicros: null, tokens: null } };
    the
      .given(issued(1), reserved(1))
      .when({ ...close(1, 'succeeded'), ...untold } as AuthorityCommand)
      .then({ type: 'GrantUseSettled', ...nothing });
  });

  test('keeps uses that nobody reports, but only the newest can be given back', () => {
    const many = Array.from({ length: OPEN_KEPT + 1 }, (_, n) => reserved(n));
    const state = the
      .given(issued(OPEN_KEPT + 5), ...many)
      .when(close(0, 'cancelled'))
      .then();
    expect(state.uses.get(grantId)).toMatchObject({ used: OPEN_KEPT + 1 });
    the
      .given(issued(OPEN_KEPT + 5), ...many)
      .when(close(1, 'cancelled'))
      .then(released(1));
  });
});

test('an exact budget ends also for uses that expect to take nothing', () => {
  const granted = issued(9);
  const budget = { seconds: 60, costMicros: 1, exact: true };
  const exact = { ...granted, data: { ...granted.data, conditions: { budget } } };
  const expecting = (n: number) => ({ ...reserve(n, 2000), costMicros: 0 }) as const;
  const first = reserved(1);
  const taken = { ...first, data: { ...first.data, costMicros: 1 } };
  the.given(exact).when(expecting(1)).then(taken);
  the.given(exact, taken).when(expecting(2)).thenThrows('LIMIT_REACHED');
});

test('whatever is tried, no more uses are open or made than the grant allows, and a snapshot keeps them', () => {
  const step = fc.record({
    n: fc.integer({ min: 0, max: 9 }),
    act: fc.constantFrom('reserve', 'cancelled', 'succeeded'),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step), (maxUses, steps) => {
      let state = authority.evolve(authority.initial(), { ...issued(maxUses), timeMs: nowMs });
      const standing = new Set<number>();
      for (const { n, act } of steps) {
        try {
          const command = act === 'reserve' ? reserve(n) : close(n, act as 'cancelled');
          for (const event of authority.decide(state, command)) {
            state = authority.evolve(state, { ...event, timeMs: nowMs });
            if (event.type === 'GrantUseReserved') standing.add(n);
            if (event.type === 'GrantUseReleased') standing.delete(n);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'LIMIT_REACHED' });
        }
        expect(standing.size).toBeLessThanOrEqual(maxUses);
      }
      const kept: unknown = JSON.parse(JSON.stringify(usesToJson(state.uses)));
      expect(usesFromJson(kept as ReturnType<typeof usesToJson>, () => ({ maxUses }))).toEqual(
        state.uses,
      );
    }),
  );
});
