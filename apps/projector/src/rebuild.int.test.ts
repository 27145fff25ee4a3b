import { once } from 'node:events';
import { listPositions } from '@writ/readmodels';
import { appendRun, eventRun, eventually, freeze } from '@writ/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { startTestCell, type TestCell } from './cell.fixture.ts';
import { projectionNames, rebuildReadModels } from './rebuild-read-models.ts';

let cell: TestCell;
afterEach(() => cell.stop());

const patience = { withinMs: 60_000 };
const room = () => ({
  connection: cell.operator,
  store: cell.store,
  cell: cell.bus.secrets.cell,
});

/** Schemas and tables, by which something that was left behind would show. */
async function relations(): Promise<string[]> {
  const { rows } = await cell.store.pool.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
     union all select nspname from pg_namespace where nspname not like 'pg\\_%' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Whether somebody holds the lock of a rebuild of everything. */
async function isBeingRebuilt(): Promise<boolean> {
  const { rows } = await cell.store.pool.query<{ free: boolean }>(
    "select pg_try_advisory_xact_lock(hashtextextended('rebuild agents', 0)) as free",
  );
  return rows[0]?.free !== true;
}

describe('rebuilding while events are stored and rows are read', () => {
  test('no reader sees a step back, and the rows are what the log says', async () => {
    cell = await startTestCell();
    await cell.project();
    await cell.reached(await appendRun(cell.log, eventRun({ count: 1500, seed: 61 })));
    const before = await relations();
    const more = eventRun({ count: 3000, seed: 62, agents: 40, tenants: ['late'] });
    const writing = appendRun(cell.log, more);
    let ended = false;
    let looks = 0;
    const reading = (async () => {
      let last = { rows: 0, trust: 0, seq: 0 };
      while (!ended) {
        const { rows } = await cell.store.pool.query<typeof last>({
          name: 'look',
          text: `select (select count(*) from executions) as rows, (select count(*) from trust_facts) as trust,
                 (select min(seq) from projection_positions where projection in ('executions', 'trust')) as seq`,
        });
        const now = rows[0] ?? last;
        for (const what of ['rows', 'trust', 'seq'] as const)
          expect(now[what]).toBeGreaterThanOrEqual(last[what]);
        last = now;
        looks++;
      }
    })();
    const rebuilding = (async () => {
      try {
        for (let n = 0; n < 3; n++) await rebuildReadModels(room(), projectionNames());
        await cell.reached(await writing);
        await rebuildReadModels(room(), ['executions', 'trust']);
      } finally {
        ended = true;
      }
    })();
    await Promise.all([rebuilding, reading]);
    expect(looks).toBeGreaterThan(20);
    expect(await cell.differences()).toEqual([]);
    expect(await relations()).toEqual(before);
  });

  test('one that is killed in the middle leaves nothing behind, and the next one does its work', async () => {
    cell = await startTestCell();
    const projector = await cell.project();
    const last = await appendRun(cell.log, eventRun({ count: 4000, seed: 63, agents: 60 }));
    await cell.reached(last);
    const before = await relations();
    const child = await cell.spawnRebuild();
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Postgres goes on with the statement at hand before it sees that nobody is there any more.
    await eventually(async () => expect(await isBeingRebuilt()).toBe(false), patience);
    expect(await relations()).toEqual(before);
    const [rebuilt] = await rebuildReadModels(room(), projectionNames());
    expect(rebuilt).toMatchObject({ source: 'EVENTS', seq: last });
    expect(await cell.differences()).toEqual([]);
    await eventually(() => projector.ready().ok, patience);
  });

  test('the decisions and dead letters of empty streams are rebuilt to nothing', async () => {
    cell = await startTestCell();
    await cell.project();
    const rebuilt = await rebuildReadModels(room(), ['decisions', 'dead_letters']);
    expect(rebuilt.map(({ source, events }) => [source, events])).toEqual([
      ['DECISIONS', 0],
      ['OPS', 0],
    ]);
  });

  test('a name that is none is refused with those there are', async () => {
    cell = await startTestCell();
    await expect(rebuildReadModels(room(), ['exekutions'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('executions'),
    });
  });
});

describe('a projector that is stopped by a signal', () => {
  test('is replaced by the one that stands by, and writes nothing when it goes on', async () => {
    cell = await startTestCell();
    const stopped = await cell.spawnProjector();
    const writing = appendRun(cell.log, eventRun({ count: 3000, seed: 64, agents: 40 }));
    await cell.reached(200);
    const standby = await cell.project();
    await eventually(() => standby.ready().ok && standby.lag().length === 0, patience);
    await freeze(stopped.pid);
    await eventually(() => standby.lag().length > 0, patience);
    const last = await writing;
    await cell.reached(last);
    const epochs = async () => (await listPositions(cell.store)).map(({ seq }) => seq);
    const positions = await epochs();
    stopped.kill('SIGCONT');
    const more = await appendRun(cell.log, eventRun({ count: 300, seed: 65, tenants: ['late'] }));
    await cell.reached(more);
    expect(await cell.differences()).toEqual([]);
    expect(Math.min(...(await epochs()))).toBeGreaterThanOrEqual(Math.min(...positions));
    await eventually(() => standby.ready().ok, patience);
  });
});
