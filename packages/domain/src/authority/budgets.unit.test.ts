import { expect, test } from 'vitest';
import { countedAt } from './meter.ts';
import { nowMs, tenant, ToldWorld } from './world.fixture.ts';
import { worldFromLines, worldToLines } from './world-snapshot.ts';

const budget = { seconds: 3600, costMicros: 100, tokens: 50 };

function report(told: ToldWorld, agentId: string, more: { action?: string; timeMs?: number } = {}) {
  const { action = 'read', timeMs = nowMs } = more;
  told.tell(
    {
      type: 'ExecutionReported',
      data: {
        executionId: 'e',
        agentId,
        action,
        resource: 'dataset:sales',
        decisionId: null,
        outcome: 'succeeded',
        severity: null,
        startedAt: null,
        durationMs: null,
        costMicros: 7,
        tokens: { input: 2, output: 1 },
        error: null,
      },
    },
    timeMs,
  );
}

function spentOf({ world }: Pick<ToldWorld, 'world'>, agentId: string, atMs = nowMs) {
  const held = world.tenants.get(tenant)?.budgets.get(agentId);
  return [...(held?.values() ?? [])].map(({ cost, tokens }) => [
    cost && countedAt(cost, atMs),
    tokens && countedAt(tokens, atMs),
  ]);
}

test('a report counts against every grant that covers it and was in force then', () => {
  const told = new ToldWorld().agent('reader');
  report(told, 'reader');
  told
    .grant('reader', { conditions: { budget } })
    .grant('reader', { conditions: { budget }, actions: ['*'] })
    .grant('reader', { conditions: { budget }, actions: ['write'] })
    .grant('reader', { conditions: { budget }, expiresAt: new Date(nowMs).toISOString() })
    .grant('reader');
  report(told, 'reader');
  report(told, 'reader', { action: 'look' });
  expect(spentOf(told, 'reader')).toEqual([
    [7, 3],
    [14, 6],
    [0, 0],
    [0, 0],
  ]);
  expect(spentOf(told, 'reader', nowMs + 2 * 3_600_000)).toEqual(Array(4).fill([0, 0]));
});

test('a report counts once against a grant from which several were handed on, also where those are exact', () => {
  const told = new ToldWorld().agent('boss').agent('reader');
  told.grant('boss', { grantId: 'top', conditions: { budget }, delegable: 1 });
  const parent = { grantId: 'top', agentId: 'boss' };
  told
    .grant('reader', { conditions: { budget }, parent })
    .grant('reader', { conditions: { budget: { ...budget, exact: true } }, parent });
  report(told, 'reader');
  expect(spentOf(told, 'boss')).toEqual([[7, 3]]);
  expect(spentOf(told, 'reader')).toEqual([
    [7, 3],
    [undefined, undefined],
  ]);
});

test.each([
  ['it', 'own', 'reader'],
  ['one that it was handed on from', 'middle', 'clerk'],
])('a report counts against no grant of a chain once %s was revoked', (_what, grantId, agentId) => {
  const told = new ToldWorld().agent('boss').agent('clerk').agent('reader');
  const from = (id: string, holder: string) => ({ grantId: id, agentId: holder });
  const conditions = { budget };
  told
    .grant('boss', { grantId: 'top', conditions, delegable: 2 })
    .grant('clerk', { grantId: 'middle', conditions, delegable: 1, parent: from('top', 'boss') })
    .grant('reader', { grantId: 'own', conditions, parent: from('middle', 'clerk') });
  report(told, 'reader');
  told.tell({ type: 'GrantRevoked', data: { grantId, agentId, reason: null, revokedBy: 'k' } });
  report(told, 'reader');
  for (const holder of ['boss', 'clerk', 'reader']) expect(spentOf(told, holder)).toEqual([[7, 3]]);
});

test('a snapshot keeps what was spent, and counts on from there', () => {
  const told = new ToldWorld().agent('reader').grant('reader', { conditions: { budget } });
  report(told, 'reader');
  const world = worldFromLines([...worldToLines(told.world)]);
  expect(spentOf({ world }, 'reader')).toEqual([[7, 3]]);
  expect([...worldToLines(world)]).toEqual([...worldToLines(told.world)]);
});
