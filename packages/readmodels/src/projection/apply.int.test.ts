import { WritError } from '@writ/contracts';
import { eventRun, storedRun } from '@writ/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projections } from '../projections.ts';
import {
  batchOf,
  claimAll,
  entriesOf,
  historyOf,
  openTestStore,
  type TestStore,
} from '../test-store.fixture.ts';
import { applyEntries } from './apply.ts';
import { compareWithFreshFold } from './fresh-fold.ts';
import { type Claimed, Deposed } from './positions.ts';
import type { Entry, ProjectedEvent, Projection } from './projection.ts';
import { resetProjections } from './reset.ts';

const all: readonly Projection<ProjectedEvent>[] = projections.EVENTS;
let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.drop());
beforeEach(() => resetProjections(store.pool, all));

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

async function applyAll(
  claims: readonly Claimed<ProjectedEvent>[],
  entries: readonly Entry<ProjectedEvent>[],
  size = 500,
) {
  for (const chunk of chunks(entries, size)) await applyEntries(store.pool, claims, batchOf(chunk));
}

async function differences(entries: readonly Entry<ProjectedEvent>[]) {
  const compared = await compareWithFreshFold(store, historyOf(entries, all));
  return compared.flatMap((comparison) => comparison.differences);
}

describe('folding batches into rows', () => {
  test('rows equal a fresh fold of the log, whatever the size of the batches', async () => {
    const entries = entriesOf(storedRun(eventRun({ count: 3000, seed: 7 })));
    for (const size of [1000, 137]) {
      await resetProjections(store.pool, all);
      await applyAll(await claimAll(store, all), entries, size);
      const compared = await compareWithFreshFold(store, historyOf(entries, all));
      expect(compared.flatMap((comparison) => comparison.differences)).toEqual([]);
      expect(compared.map(({ seq }) => seq)).toEqual(all.map(() => 3000));
      expect(Math.min(...compared.map(({ rows }) => rows))).toBeGreaterThan(0);
    }
  });

  test('the comparison finds rows that are missing, changed and too many', async () => {
    const entries = entriesOf(storedRun(eventRun({ count: 300, seed: 3 })));
    await applyAll(await claimAll(store, all), entries);
    await store.pool.query('delete from feedback where seq = (select min(seq) from feedback)');
    await store.pool.query(
      "update executions set action = 'other' where seq = (select min(seq) from executions)",
    );
    await store.pool.query(`insert into grants select tenant, 'invented', agent_id, status, actions, resources, not_before,
      expires_at, from_ms, until_ms, conditions, reason, issued_by, issued_at, revoked_by, revoked_at, revoke_reason,
      created_seq, seq from grants limit 1`);
    expect((await differences(entries)).map(({ table, kind }) => `${table} ${kind}`)).toEqual([
      'grants unexpected',
      'executions different',
      'feedback missing',
    ]);
  });

  test('positions move over entries that no projection reads', async () => {
    const claims = await claimAll(store, all);
    await applyEntries(store.pool, claims, { entries: [], through: { seq: 12, id: 'x' } });
    const { rows } = await store.pool.query(
      'select distinct seq, msg_id from projection_positions',
    );
    expect(rows).toEqual([{ seq: 12, msg_id: 'x' }]);
  });
});

describe('a projection that fails', () => {
  const entries = entriesOf(storedRun(eventRun({ count: 400, seed: 5 })));

  test('is paused before what it can not read, and the others go on', async () => {
    const bad = entries.findIndex((entry, i) => i > 100 && entry.kind === 'authority.grants');
    const broken = entries.map(
      (entry, i): Entry<ProjectedEvent> =>
        i === bad
          ? {
              seq: entry.seq,
              kind: entry.kind,
              id: entry.id,
              unreadable: new WritError('EVENT_UNREADABLE', 'is of a type of tomorrow'),
            }
          : entry,
    );
    const claims = await claimAll(store, all);
    await applyAll(claims, broken);
    const { rows } = await store.pool.query(
      'select projection, seq, status, paused_seq, paused_reason from projection_positions',
    );
    const reading = ['approvals', 'grants'];
    for (const projection of reading)
      expect(rows.find((row) => row.projection === projection)).toEqual({
        projection,
        seq: bad,
        status: 'paused',
        paused_seq: bad + 1,
        paused_reason: 'is of a type of tomorrow',
      });
    // Both read what lies on the subject of an agent's grants.
    const others = all.map(({ name }) => name).filter((name) => !reading.includes(name));
    const running = rows.filter(({ status, seq }) => status === 'running' && seq === 400);
    expect(running.map(({ projection }) => projection).toSorted()).toEqual(others.toSorted());
    expect(await differences(broken)).toEqual([]);
  });

  test('is paused before what Postgres refuses, found among many', async () => {
    const bad = entries.findIndex((entry, i) => i > 200 && entry.content?.type === 'FeedbackGiven');
    const broken = entries.map((entry, i): Entry<ProjectedEvent> => {
      if (i !== bad || entry.content?.type !== 'FeedbackGiven') return entry;
      // A column that must not be null: what an event of another release could lead to.
      const data = { ...entry.content.data, rater: null as unknown as string };
      return {
        seq: entry.seq,
        kind: entry.kind,
        id: entry.id,
        content: { ...entry.content, data },
      };
    });
    const claims = await claimAll(
      store,
      all.filter(({ name }) => name === 'feedback'),
    );
    await applyAll(claims, broken, 400);
    expect(claims[0]?.paused).toMatchObject({
      seq: bad + 1,
      reason: expect.stringContaining('rater'),
    });
    const { rows } = await store.pool.query(
      'select max(seq)::integer as last, count(*)::integer as count from feedback',
    );
    const before = entries.slice(0, bad).filter((entry) => entry.content?.type === 'FeedbackGiven');
    expect(rows).toEqual([{ last: before.at(-1)?.seq, count: before.length }]);
  });

  test('goes on where it stopped when it is claimed again', async () => {
    const unreadable = new WritError('EVENT_UNREADABLE', 'is of a type of tomorrow');
    const [first, ...rest] = entries;
    if (!first) throw new Error('the run is empty');
    const broken: Entry<ProjectedEvent>[] = [
      { seq: first.seq, kind: first.kind, id: first.id, unreadable },
      ...rest,
    ];
    await applyAll(await claimAll(store, all), broken);
    await applyAll(await claimAll(store, all), entries);
    expect(await differences(entries)).toEqual([]);
    const { rows } = await store.pool.query(
      'select distinct status, seq from projection_positions',
    );
    expect(rows).toEqual([{ status: 'running', seq: 400 }]);
  });
});

describe('two projectors', () => {
  const entries = entriesOf(storedRun(eventRun({ count: 600, seed: 11 })));

  test('the one that claimed first is deposed and writes nothing more', async () => {
    const old = await claimAll(store, all);
    await applyEntries(store.pool, old, batchOf(entries.slice(0, 100)));
    const young = await claimAll(store, all);
    await expect(
      applyEntries(store.pool, old, batchOf(entries.slice(100, 200))),
    ).rejects.toBeInstanceOf(Deposed);
    expect(
      (await store.pool.query('select max(seq)::integer as seq from projection_positions')).rows,
    ).toEqual([{ seq: 100 }]);
    await applyEntries(store.pool, young, batchOf(entries.slice(100)));
    expect(await differences(entries)).toEqual([]);
  });

  test('applying at the same time never applies twice', async () => {
    const size = 50;
    let claims = await claimAll(store, all);
    for (const chunk of chunks(entries, size)) {
      const rival = await claimAll(store, all);
      const outcomes = await Promise.allSettled([
        applyEntries(store.pool, claims, batchOf(chunk)),
        applyEntries(store.pool, rival, batchOf(chunk)),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      claims = rival;
    }
    expect(await differences(entries)).toEqual([]);
  });

  test('starting over deposes who was projecting', async () => {
    const old = await claimAll(store, all);
    await applyEntries(store.pool, old, batchOf(entries.slice(0, 100)));
    await resetProjections(store.pool, all);
    await expect(
      applyEntries(store.pool, old, batchOf(entries.slice(100, 200))),
    ).rejects.toBeInstanceOf(Deposed);
    expect(
      (await store.pool.query('select count(*)::integer as count from executions')).rows,
    ).toEqual([{ count: 0 }]);
  });
});
