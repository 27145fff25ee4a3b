/** A log that lost its end, as after a power failure, and goes on otherwise: as old and as long as the one that was read. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EventStore, type Follower, type FollowEvents, openSnapshots } from '@writ/bus';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { agent, grants, write } from './events.ts';

const KEPT = 10;
const READ = 15;
const NOW = 20;
const PATIENT = { withinMs: 30_000 };
const LOST = { code: 'CHECKPOINT_MISMATCH', message: expect.stringContaining(`\`${READ}\``) };

let bus: TestBus;
let store: EventStore;

beforeAll(async () => {
  bus = await startTestBus();
  store = await bus.store();
});
afterAll(() => bus.stop());
afterEach(() => void vi.restoreAllMocks());

async function grow(subject: string, count: number): Promise<void> {
  const reasons = Array.from({ length: count }, (_, n) => `e${n}`);
  await eventually(() => store.append([write(subject, 0, ...reasons)]), PATIENT);
}

/** What is done to the files of the log while its server is down. */
async function whileDown(change: (log: string) => Promise<void>): Promise<void> {
  await bus.kill();
  await change(join(bus.dataDir, 'nats', 'store', 'jetstream', 'WRIT', 'streams', 'EVENTS-1'));
  await bus.restart();
}

async function replace(log: string, copy: string): Promise<void> {
  await rm(log, { recursive: true });
  await cp(copy, log, { recursive: true });
}

async function snapshots(ignored: string[] = []) {
  return openSnapshots({
    connection: await bus.connect('snapshotter-store'),
    ingest: bus.secrets.ingest,
    store: await bus.store('snapshotter-store'),
    fold: { name: 'world', version: 1 },
    onIgnored: (reason) => ignored.push(reason),
  });
}

test('who read what was lost is told, and reads nothing of what came in its place; a snapshot of it fits no more', async () => {
  const copy = join(bus.dataDir, 'copy');
  await grow(agent('kept'), KEPT);
  await whileDown((log) => cp(log, copy, { recursive: true }));
  await grow(grants('lost'), READ - KEPT);
  await (await snapshots()).save(KEPT, ['of what is kept']);
  await (await snapshots()).save(READ, ['of what will be lost']);

  const seen: number[] = [];
  const follow = async (settings: Pick<FollowEvents, 'fromSeq' | 'filters'>): Promise<Follower> => {
    const { promise: idle, resolve } = Promise.withResolvers<void>();
    const follower = store.follow({
      ...settings,
      onEvents: (batch) => void seen.push(...batch.map(({ seq }) => seq)),
      onIdle: (seq) => seq === READ && resolve(),
    });
    await idle;
    return follower;
  };
  const followers = [
    await follow({ fromSeq: 1 }),
    await follow({ fromSeq: READ + 1 }),
    await follow({ fromSeq: 1, filters: [grants('lost')] }),
  ];
  await whileDown((log) => replace(log, copy));
  await grow(agent('instead'), NOW - KEPT);
  const passed = eventually(() => seen.some((seq) => seq > READ), PATIENT);
  for (const { done } of followers)
    await expect(Promise.race([done, passed])).rejects.toMatchObject(LOST);

  const ignored: string[] = [];
  const left = await (await snapshots(ignored)).restore((lines) => [...lines]);
  expect(left).toEqual(['of what is kept']);
  expect(ignored).toEqual(['other_log']);
});

test('who read what is not shown for a moment after a long outage waits for it and goes on', async () => {
  const [full, shorter] = [join(bus.dataDir, 'full'), join(bus.dataDir, 'shorter')];
  await whileDown((log) => cp(log, shorter, { recursive: true }));
  await grow(agent('hidden'), 1);
  const { lastSeq } = await store.status();
  const troubles: string[] = [];
  const follower = store.follow({
    fromSeq: 1,
    onEvents: () => undefined,
    onTrouble: ({ code }) => void troubles.push(code),
  });
  await eventually(() => follower.position === lastSeq, PATIENT);
  await whileDown(async (log) => {
    await cp(log, full, { recursive: true });
    await replace(log, shorter);
    await eventually(() => troubles.length > 0, PATIENT);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
  });
  await eventually(() => troubles.includes('CHECKPOINT_MISMATCH'), PATIENT);
  await whileDown((log) => replace(log, full));
  await grow(agent('after'), 1);
  const goneOn = eventually(() => follower.position > lastSeq, PATIENT);
  await Promise.race([follower.done, goneOn]);
  await follower.stop();
});
