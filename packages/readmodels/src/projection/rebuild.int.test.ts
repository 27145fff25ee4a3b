import { WritError } from '@writ/contracts';
import { eventRun, eventually, storedRun } from '@writ/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projections } from '../projections.ts';
import {
  batchOf,
  claimAll,
  entriesOf,
  historyOf,
  openTestStore,
  testSource,
  type TestStore,
} from '../test-store.fixture.ts';
import { applyEntries } from './apply.ts';
import { compareWithFreshFold } from './fresh-fold.ts';
import { Deposed } from './positions.ts';
import type { Entry, ProjectedEvent, Projection } from './projection.ts';
import { type RebuildOptions, rebuildProjections, type RebuildSource } from './rebuild.ts';
import { resetProjections } from './reset.ts';

const all: readonly Projection<ProjectedEvent>[] = projections.EVENTS;
const entries = entriesOf(storedRun(eventRun({ count: 4000, seed: 17, agents: 60 })));
let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.drop());
beforeEach(() => resetProjections(store.pool, all));

/** A log in memory; `log` may grow while it is read. */
function sourceOf(
  log: readonly Entry<ProjectedEvent>[],
  more: Partial<RebuildSource<ProjectedEvent>> = {},
): RebuildSource<ProjectedEvent> {
  return {
    status: async () => ({
      ...testSource,
      firstSeq: 1,
      lastSeq: log.at(-1)?.seq ?? 0,
      idAt: async (seq) => log[seq - 1]?.id,
    }),
    async *entries({ fromSeq, throughSeq }) {
      for (let at = fromSeq; at <= throughSeq; at += 300)
        yield log.slice(at - 1, Math.min(at + 299, throughSeq));
    },
    ...more,
  };
}

const rebuild = (source: RebuildSource<ProjectedEvent>, options: RebuildOptions = {}, of = all) =>
  rebuildProjections(store.pool, { projections: of, source }, options);

async function differences() {
  const compared = await compareWithFreshFold(store, historyOf(entries, all));
  return compared.flatMap((comparison) => comparison.differences);
}

/** Everything that stands in the database, by schema, kind and name. */
async function relations(): Promise<string[]> {
  const { rows } = await store.pool.query<{ name: string }>(
    `select n.nspname || ' ' || c.relkind::text || ' ' || c.relname || ' ' || coalesce(pg_get_indexdef(c.oid), '') as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
     union all select 'schema ' || nspname from pg_namespace where nspname not like 'pg\\_%'
     union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint order by 1`,
  );
  return rows.map(({ name }) => name);
}

describe('a rebuild', () => {
  test('makes the rows that the log says, in tables that are as the ones before', async () => {
    const before = await relations();
    for (const mostRows of [50_000, 40]) {
      await rebuild(sourceOf(entries), { mostRows });
      expect(await differences()).toEqual([]);
      const { rows } = await store.pool.query(
        'select distinct seq, msg_id, status from projection_positions',
      );
      expect(rows).toEqual([{ seq: 4000, msg_id: entries.at(-1)?.id, status: 'running' }]);
    }
    expect(await relations()).toEqual(before);
  });

  test('mends rows that were damaged, and leaves other projections alone', async () => {
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries));
    await store.pool.query("update executions set action = 'other'; delete from feedback");
    const feedback = all.filter(({ name }) => name === 'feedback');
    await rebuild(sourceOf(entries), {}, feedback);
    expect(new Set((await differences()).map(({ table }) => table))).toEqual(
      new Set(['executions']),
    );
  });

  test('deposes who was projecting, whose prepared statements go on with the new tables', async () => {
    const old = await claimAll(store, all);
    await applyEntries(store.pool, old, batchOf(entries.slice(0, 1000)));
    await rebuild(sourceOf(entries.slice(0, 2000)));
    await expect(
      applyEntries(store.pool, old, batchOf(entries.slice(1000, 3000))),
    ).rejects.toBeInstanceOf(Deposed);
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries.slice(2000)));
    expect(await differences()).toEqual([]);
  });

  test('takes in what is stored meanwhile, and is not switched before it is as far as the rows in use', async () => {
    const log = entries.slice(0, 1000);
    const claims = await claimAll(store, all);
    await applyEntries(store.pool, claims, batchOf(log));
    let looks = 0;
    const source = sourceOf(log, {
      status: async () => {
        // The rows in use get ahead twice between the look at the log and the change of places.
        const seen = await sourceOf(log).status();
        if (++looks === 3 || looks === 4) {
          const more = entries.slice(log.length, log.length + 500);
          log.push(...more);
          await applyEntries(store.pool, claims, batchOf(more));
        }
        return seen;
      },
    });
    const { seq } = await rebuild(source);
    expect(seq).toBe(2000);
    expect(await differences()).toEqual([]);
  });

  test('waits for readers in a long look at the tables, and lets others read meanwhile', async () => {
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries));
    const reader = await store.pool.connect();
    await reader.query('begin; select count(*) from executions');
    let switching = 0;
    const rebuilt = rebuild(sourceOf(entries), {
      onProgress: ({ phase }) => {
        if (phase === 'switching') switching++;
      },
    });
    await eventually(() => switching > 2, { withinMs: 60_000 });
    expect(
      (await store.pool.query('select count(*) as n from executions')).rows[0].n,
    ).toBeGreaterThan(0);
    await reader.query('commit');
    reader.release();
    await rebuilt;
    expect(await differences()).toEqual([]);
  });

  test('is not held up by a vacuum: none begins on the tables in use', async () => {
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries));
    let refused = 0;
    const source = sourceOf(entries, {
      async *entries(range) {
        const vacuum = await store.pool.connect();
        await vacuum.query('begin');
        // The lock that a vacuum takes.
        await vacuum
          .query('lock table executions in share update exclusive mode nowait')
          .catch(({ code }: { readonly code: string }) => (refused += Number(code === '55P03')));
        await vacuum.query('rollback');
        vacuum.release();
        yield* sourceOf(entries).entries(range);
      },
    });
    await rebuild(source);
    expect(refused).toBe(1);
  });

  test('leaves most rows so that no vacuum has to look at them again', async () => {
    await rebuild(sourceOf(entries));
    const { rows } = await store.pool.query(
      "select relallfrozen::float / relpages as frozen from pg_class where relname = 'executions'",
    );
    expect(rows[0].frozen).toBeGreaterThan(0.5);
  });

  test('keeps who may read the tables', async () => {
    await store.pool.query('grant select on executions to public');
    await rebuild(sourceOf(entries));
    const { rows } = await store.pool.query(
      "select privilege_type from pg_class, aclexplode(relacl) where relname = 'executions' and grantee = 0",
    );
    expect(rows).toEqual([{ privilege_type: 'SELECT' }]);
    await store.pool.query('revoke select on executions from public');
  });
});

describe('what is read during a rebuild', () => {
  test('is never less or older than before, by no reader', async () => {
    const log = entries.slice(0, 1500);
    const claims = await claimAll(store, all);
    await applyEntries(store.pool, claims, batchOf(log));
    const done = new AbortController();
    const looks: { rows: number; seq: number; position: number }[] = [];
    const reading = (async () => {
      while (!done.signal.aborted) {
        const { rows } = await store.pool.query({
          name: 'look',
          text: `select count(*) as rows, max(seq) as seq, (select p.seq from projection_positions p where projection = 'executions') as position from executions`,
        });
        looks.push(rows[0]);
      }
    })();
    const rebuilding = (async () => {
      try {
        for (let n = 0; n < 3; n++) {
          log.push(...entries.slice(log.length, log.length + 800));
          await rebuild(sourceOf(log));
        }
      } finally {
        done.abort();
      }
    })();
    await Promise.all([rebuilding, reading]);
    expect(looks.length).toBeGreaterThan(10);
    looks.reduce((before, now) => {
      expect(now.rows).toBeGreaterThanOrEqual(before.rows);
      expect(now.seq).toBeGreaterThanOrEqual(before.seq);
      expect(now.position).toBeGreaterThanOrEqual(before.position);
      return now;
    });
    expect(looks[0]?.rows).toBeGreaterThan(0);
  });
});

describe('a rebuild that ends early', () => {
  test.each(['loading', 'indexing', 'switching'] as const)(
    'while %s leaves nothing behind and the rows as they were',
    async (phase) => {
      await applyEntries(store.pool, await claimAll(store, all), batchOf(entries));
      const before = await relations();
      const stop = new AbortController();
      await expect(
        rebuild(sourceOf(entries), {
          mostRows: 40,
          signal: stop.signal,
          onProgress: (progress) => {
            if (progress.phase !== phase) return;
            stop.abort(new Error('called off'));
            if (phase === 'switching') throw new Error('called off');
          },
        }),
      ).rejects.toThrow('called off');
      expect(await relations()).toEqual(before);
      expect(await differences()).toEqual([]);
      await rebuild(sourceOf(entries));
      expect(await relations()).toEqual(before);
    },
  );

  test('because an event can not be read names the event and what to do', async () => {
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries.slice(0, 1000)));
    const broken = [...entries];
    const bad = broken.findIndex((entry, i) => i > 2000 && entry.kind === 'authority.grants');
    const { seq = 0, kind = '', id = '' } = broken[bad] ?? {};
    broken[bad] = {
      seq,
      kind,
      id,
      unreadable: new WritError('EVENT_UNREADABLE', 'is of tomorrow'),
    };
    await expect(rebuild(sourceOf(broken))).rejects.toMatchObject({
      code: 'EVENT_UNREADABLE',
      message: expect.stringMatching(
        new RegExp(`past ${seq}: is of tomorrow; nothing was changed`),
      ),
    });
  });

  test('because its connection is cut leaves nothing behind', async () => {
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries));
    const before = await relations();
    const cut = sourceOf(entries, {
      async *entries(range) {
        yield* sourceOf(entries).entries({ ...range, throughSeq: 1500 });
        await store.pool.query(
          "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())",
        );
        yield* sourceOf(entries).entries({ ...range, fromSeq: 1501 });
      },
    });
    await expect(rebuild(cut, { mostRows: 40 })).rejects.toThrow();
    await eventually(async () => expect(await relations()).toEqual(before));
    expect(await differences()).toEqual([]);
  });
});

describe('what is refused', () => {
  test('a rebuild of tables that are being vacuumed by hand, after a while', async () => {
    const vacuum = await store.pool.connect();
    try {
      // The lock that a vacuum holds.
      await vacuum.query('begin; lock table executions in share update exclusive mode');
      await expect(rebuild(sourceOf(entries))).rejects.toMatchObject({
        code: 'VERSION_CONFLICT',
        message: expect.stringContaining('vacuumed'),
      });
    } finally {
      await vacuum.query('rollback');
      vacuum.release();
    }
    await rebuild(sourceOf(entries));
    expect(await differences()).toEqual([]);
  });

  test('a second rebuild of the same projection', async () => {
    const second = sourceOf(entries, {
      async *entries(range) {
        await expect(rebuild(sourceOf(entries))).rejects.toMatchObject({
          code: 'VERSION_CONFLICT',
        });
        yield* sourceOf(entries).entries(range);
      },
    });
    await rebuild(second);
    expect(await differences()).toEqual([]);
  });

  test.each([
    ['of a stream that was made anew', { created: '2027-02-02T00:00:00Z' }],
    ['of a stream that ends before the rows', { lastSeq: 1000 }],
    ['of a stream whose beginning is gone', { firstSeq: 20 }],
  ])('%s, unless it is asked for', async (_, changed) => {
    await applyEntries(store.pool, await claimAll(store, all), batchOf(entries));
    const other = sourceOf(entries, {
      status: async () => ({ ...(await sourceOf(entries).status()), ...changed }),
    });
    await expect(rebuild(other)).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
    expect(await differences()).toEqual([]);
    const { seq } = await rebuild(other, { replaceForeign: true });
    const { rows } = await store.pool.query('select distinct seq from projection_positions');
    expect(rows).toEqual([{ seq }]);
  });
});
