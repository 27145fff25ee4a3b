import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { eventRun, storedRun } from '@writ/testkit';
import { expect, test } from 'vitest';
import {
  emptyWorld,
  foldEvent,
  type World,
  worldFold,
  worldFromLines,
  worldToLines,
} from '@writ/domain';

type Run = ReturnType<typeof storedRun>;

function fold(events: Run, world = emptyWorld()): World {
  for (const event of events) foldEvent(world, event);
  return world;
}

function restored(world: World): World {
  return worldFromLines([...worldToLines(world)]);
}

/** Everything of a world, in the order it is kept in. */
function inOrder(world: World): unknown {
  return JSON.parse(
    JSON.stringify(world.tenants, (_name, value: unknown) => {
      if (value instanceof Map) return [...value];
      return typeof value === 'bigint' ? `${value}n` : value;
    }),
  );
}

test('a snapshot anywhere in a log, and then the rest of it, is the same world as the whole log', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 - 2 }),
      fc.integer({ min: 0, max: 400 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 3 }),
      (seed, count, cuts) => {
        const events = storedRun(eventRun({ count, seed, agents: 5, tenants: ['a', 'b', 'c'] }));
        let world = emptyWorld();
        let done = 0;
        for (const cut of cuts.toSorted((a, b) => a - b)) {
          world = restored(fold(events.slice(done, cut), world));
          done = Math.max(done, Math.min(cut, count));
        }
        fold(events.slice(done), world);
        const whole = fold(events);
        expect(world).toEqual(whole);
        expect(inOrder(world)).toEqual(inOrder(whole));
      },
    ),
    { numRuns: 60 },
  );
});

test('a world with parts that no registration stands behind is restored as it is', () => {
  const events = storedRun(eventRun({ count: 200, agents: 5, seed: 7 })).filter(
    ({ type }) => type !== 'AgentRegistered' && type !== 'KeyCreated',
  );
  const world = fold(events);
  expect(restored(world)).toEqual(world);
});

test('lines that are not a whole world are refused', () => {
  const lines = [...worldToLines(fold(storedRun(eventRun({ count: 200, agents: 5 }))))];
  const [first = '', second = ''] = lines;
  for (const broken of [
    [],
    lines.slice(1),
    lines.slice(0, -1),
    [first, ...lines.slice(2)],
    [first, second, ...lines.slice(3)],
    [first.replace('writ-trust', 'another-trust'), ...lines.slice(1)],
    [...lines, '["hat",1]'],
    [...lines, '{'],
  ])
    expect(() => worldFromLines(broken)).toThrow();
});

test('the same log is written the same way as long as the version of the fold is the same', () => {
  const events = storedRun(eventRun({ count: 3000, agents: 40, seed: 3 }));
  const lines = [...worldToLines(fold(events))];
  const kinds = new Set(lines.map((line) => (JSON.parse(line) as string[])[0]));
  expect([...kinds].toSorted()).toEqual([
    'agent',
    'approvals',
    'budgets',
    'grants',
    'key',
    'tenant',
    'trust',
    'uses',
    'world',
  ]);
  // When only `snapshot` differs, this release folds another world from the same log than the one before: raise
  // `worldFold.version`, so that its snapshots are not taken for ours, and then write the new digests here.
  expect({
    version: worldFold.version,
    log: digestOf(events.map((event) => JSON.stringify(event))),
    snapshot: digestOf(lines),
  }).toEqual({ version: 11, log: 'd0d266e93b0aeded', snapshot: '5dc055d1d77447ca' });
});

function digestOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
