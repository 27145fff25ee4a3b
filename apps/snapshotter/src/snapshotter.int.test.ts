import {
  generateSecrets,
  type Logger,
  openSnapshots,
  type RunningRole,
  type Snapshots,
  type StoredEvent,
} from '@writ/bus';
import { emptyWorld, foldEvent, type World, worldFold, worldFromLines } from '@writ/domain';
import { appendRun, eventRun, eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSnapshotter, type SnapshotterOptions } from './start-snapshotter.ts';
import { takeSnapshot } from './take-snapshot.ts';

let bus: TestBus;
let snapshots: Snapshots;
const running: RunningRole[] = [];
const said: [object, string | undefined][] = [];
const log: Logger = {
  debug() {},
  info: (fields, text) => void said.push([fields, text]),
  warn: (fields, text) => void said.push([fields, text]),
  error: (fields, text) => void said.push([fields, text]),
};

beforeEach(async () => {
  bus = await startTestBus();
  snapshots = openSnapshots({
    connection: await bus.connect('governor-store'),
    ingest: bus.secrets.ingest,
    store: await bus.store('governor-store'),
    fold: worldFold,
  });
});
afterEach(async () => {
  for (const role of running.splice(0)) await role.stop();
  await bus.stop();
  said.length = 0;
});

async function start(more: Partial<SnapshotterOptions> = {}): Promise<RunningRole> {
  const role = await startSnapshotter({
    secrets: bus.secrets,
    natsUrl: bus.url,
    log,
    everyMs: 50,
    rule: { afterEvents: 1, leastEvents: 1, share: 1 },
    ...more,
  });
  running.push(role);
  return role;
}

async function write(count: number, seed: number): Promise<number> {
  // Tenants of its own, so that no run writes to what another one has written.
  const tenants = [`t${seed}a`, `t${seed}b`];
  return appendRun(await bus.store(), eventRun({ count, seed, agents: 20, tenants }));
}

async function folded(upTo: number): Promise<World> {
  const world = emptyWorld();
  const events: StoredEvent[] = await (await bus.store('governor-store')).read({
    fromSeq: 1,
    limit: upTo,
  });
  for (const event of events) foldEvent(world, event);
  return world;
}

const untilAt = (seq: number) =>
  eventually(async () => (await snapshots.newestSeq()) === seq, { withinMs: 40_000 });

test('snapshots follow the log, and each is the world that the log makes', async () => {
  const first = await write(1500, 1);
  await start();
  await untilAt(first);
  expect(await snapshots.restore(worldFromLines)).toEqual(await folded(first));
  const second = await write(1500, 2);
  await untilAt(second);
  expect(await snapshots.restore(worldFromLines)).toEqual(await folded(second));
  const made = said.filter(([, text]) => text === 'a snapshot is made').map(([fields]) => fields);
  expect(made.at(-1)).toMatchObject({ seq: second });
});

test('a snapshot that is broken is passed over, said, and made anew', async () => {
  const first = await write(1200, 1);
  await takeSnapshot({ secrets: bus.secrets, natsUrl: bus.url });
  const operator = await bus.connect('operator');
  await operator.request(
    `_writ.${bus.secrets.ingest}._.snapshot.${worldFold.name}.0.0`,
    'not what was written',
  );
  expect(await snapshots.restore(worldFromLines)).toBeUndefined();
  const second = await write(1200, 2);
  await start();
  await untilAt(second);
  expect(await snapshots.restore(worldFromLines)).toEqual(await folded(second));
  expect(said).toContainEqual([
    { ignored: `damaged: that of ${first}: the checksum differs` },
    'a snapshot is ignored',
  ]);
});

test('two snapshotters make one snapshot each time, and one that stops loses nothing', async () => {
  const [one] = [await start(), await start()];
  const last = await write(1500, 1);
  await untilAt(last);
  await one?.stop();
  running.shift();
  const next = await write(1500, 2);
  await untilAt(next);
  expect(await snapshots.restore(worldFromLines)).toEqual(await folded(next));
  const made = said
    .filter(([, text]) => text === 'a snapshot is made')
    .flatMap(([fields]) => ('seq' in fields ? [fields.seq] : []));
  expect(made).toHaveLength(new Set(made).size);
});

test('one that is stopped while it looks begins no snapshot', async () => {
  await write(1200, 1);
  const looking = Promise.withResolvers<void>();
  let started = false;
  const secrets = {
    ...bus.secrets,
    /** Read when a look begins. */
    get cell() {
      if (started) looking.resolve();
      return bus.secrets.cell;
    },
  };
  const role = await start({ secrets });
  started = true;
  await looking.promise;
  await role.stop();
  expect(await snapshots.newestSeq()).toBe(0);
});

test('without the broker it goes on looking, and makes the snapshot when the broker is back', async () => {
  await start();
  const last = await write(1500, 1);
  await untilAt(last);
  await bus.kill();
  await eventually(() => said.some(([, text]) => text?.startsWith('no snapshot could be made')), {
    withinMs: 40_000,
  });
  await bus.restart();
  await untilAt(await write(1500, 2));
});

test('a server that does not know the snapshotter yet is no reason to fail', async () => {
  const { users } = generateSecrets();
  const role = await start({ secrets: { ...bus.secrets, users } });
  await eventually(() => said.some(([, text]) => text?.startsWith('no snapshot could be made')), {
    withinMs: 40_000,
  });
  expect(role.ready()).toEqual({ ok: true });
});
