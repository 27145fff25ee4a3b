/** Snapshots and a log that is rolled over: one of any segment that is there fits, and one of a segment that is gone does not. */
import { type NatsConnection, openSnapshots, type RunningRole } from '@writ/bus';
import { emptyWorld, foldEvent, worldFold, worldFromLines } from '@writ/domain';
import { removeSegment, rollLog } from '@writ/streams';
import {
  appendRun,
  eventRun,
  eventually,
  startTestBus,
  type TestBus,
  type TestDatabase,
  testDatabase,
} from '@writ/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCommander } from '../apps/commander/src/index.ts';
import { startGovernor } from '../apps/governor/src/index.ts';
import { takeSnapshot } from '../apps/snapshotter/src/index.ts';
import { migrated } from './migrated.ts';

const PATIENT = { withinMs: 30_000 };
const LONG = { timeout: 120_000 };

let bus: TestBus;
let database: TestDatabase;
let operator: NatsConnection;
let running: RunningRole[];
let said: [object, string | undefined][];
let runs = 0;
const log = {
  debug() {},
  error() {},
  info: (fields: object, text?: string) => void said.push([fields, text]),
  warn: (fields: object, text?: string) => void said.push([fields, text]),
};

beforeEach(async () => {
  [running, said] = [[], []];
  [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  operator = await bus.connect('operator');
});
afterEach(async () => {
  await Promise.all(running.map((role) => role.stop()));
  await Promise.all([bus.stop(), database.drop()]);
});

/** More events, of tenants that had none. Returns the log's last sequence. */
async function write(count: number): Promise<number> {
  const tenants = [`tenant-${++runs}`];
  return appendRun(await bus.store(), eventRun({ count, seed: runs, agents: 15, tenants }));
}

const snapshot = () => takeSnapshot({ secrets: bus.secrets, natsUrl: bus.url });
const roll = () => rollLog(operator, bus.topology);

async function start(role: 'governor' | 'commander'): Promise<RunningRole> {
  const options = { secrets: bus.secrets, natsUrl: bus.url, version: '0.1.0', log };
  const started =
    role === 'governor'
      ? await startGovernor({ ...options, name: 'g1' })
      : await startCommander({ ...options, databaseUrl: database.url });
  running.push(started);
  return started;
}

/** Starts both roles that fold the log, and expects each of them to have begun at a snapshot and to be ready. */
async function expectBeginAt(seq: number): Promise<void> {
  for (const role of ['governor', 'commander'] as const) {
    const started = await start(role);
    expect(started.state?.().snapshots).toMatchObject({ loaded: 1 });
    await eventually(() => started.ready().ok, PATIENT);
  }
  expect(said).toContainEqual([expect.objectContaining({ seq }), 'the log is folded from here on']);
}

test(
  'a snapshot from before the log was rolled over is used after it, and the next one is made from it',
  LONG,
  async () => {
    const first = await write(300);
    expect(await snapshot()).toMatchObject({ saved: { seq: first } });
    await roll();
    const last = await write(200);
    await expectBeginAt(first);
    expect(await snapshot()).toMatchObject({
      saved: { seq: last },
      folded: last - first,
      ignored: [],
    });
  },
);

test('a snapshot that was made over two segments is what both come to', LONG, async () => {
  await write(200);
  await snapshot();
  await roll();
  const last = await write(200);
  await snapshot();
  const store = await bus.store('governor-store');
  const fold = emptyWorld();
  for (const event of await store.read({ fromSeq: 1, limit: 1000 })) foldEvent(fold, event);
  expect(fold.seq).toBe(last);
  const connection = await bus.connect('governor-store');
  const { ingest } = bus.secrets;
  const snapshots = openSnapshots({ connection, ingest, store, fold: worldFold });
  expect(await snapshots.restore(worldFromLines)).toEqual(fold);
});

test('a snapshot of the second segment stands without the first one', LONG, async () => {
  await write(200);
  await roll();
  const second = await write(200);
  await snapshot();
  await write(50);
  await removeSegment(operator, 1);
  await expectBeginAt(second);
});

test(
  'a snapshot of a segment that was removed is ignored, and the role says what to put back',
  LONG,
  async () => {
    await write(200);
    await snapshot();
    await roll();
    await write(50);
    await removeSegment(operator, 1);
    await expect(start('governor')).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
      message: expect.stringContaining('`writ log restore`') as string,
    });
    expect(said).toContainEqual([
      expect.objectContaining({ reason: 'other_log' }),
      'a snapshot is ignored',
    ]);
  },
);
