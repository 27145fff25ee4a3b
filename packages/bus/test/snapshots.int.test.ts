import { openSnapshots, type SnapshotOptions, type Snapshots, type UserName } from '@writ/bus';
import { startTestBus, type TestBus } from '@writ/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agent, write } from './events.ts';

describe.each([1, 3] as const)('snapshots on %i node(s)', (nodes) => {
  let bus: TestBus;
  let ignored: string[];

  beforeEach(async () => {
    bus = await startTestBus({ nodes });
    ignored = [];
    const store = await bus.store();
    await store.append([write(agent('a'), 0, ...Array.from({ length: 50 }, (_, n) => `e${n}`))]);
  });
  afterEach(() => bus.stop());

  async function open(
    user: UserName = 'snapshotter-store',
    more: Partial<SnapshotOptions> = {},
  ): Promise<Snapshots> {
    const connection = await bus.connect(user);
    return openSnapshots({
      connection,
      ingest: bus.secrets.ingest,
      store: await bus.store(user),
      fold: { name: 'world', version: 1 },
      onIgnored: (reason) => ignored.push(reason),
      ...more,
    });
  }

  const take = (snapshots: Snapshots) => snapshots.restore((lines) => [...lines]);

  /** Puts something else where a part or a manifest of a slot is. */
  async function overwrite(slot: number, what: string, body: string): Promise<void> {
    const operator = await bus.connect('operator');
    const reply = await operator.request(
      `_writ.${bus.secrets.ingest}._.snapshot.world.${slot}.${what}`,
      body,
    );
    expect(reply.json()).toMatchObject({ stream: 'SNAPSHOTS' });
  }

  /** Changes what a manifest says. */
  async function tamper(slot: number, change: Record<string, unknown>): Promise<void> {
    const operator = await bus.connect('operator');
    const query = { last_by_subj: `writ._.snapshot.world.${slot}.manifest` };
    const reply = await operator.request('$JS.API.STREAM.MSG.GET.SNAPSHOTS', JSON.stringify(query));
    const { message } = reply.json<{ message: { data: string } }>();
    const manifest = JSON.parse(Buffer.from(message.data, 'base64').toString()) as object;
    await overwrite(slot, 'manifest', JSON.stringify({ ...manifest, ...change }));
  }

  test('are given back to governors and commanders as they were saved, the newest first', async () => {
    const snapshots = await open();
    expect(await take(snapshots)).toBeUndefined();
    expect(await snapshots.newestSeq()).toBe(0);
    const large = Array.from({ length: 30_000 }, (_, n) => `${n} ${Math.sin(n)} größer 🧭`);
    expect(await snapshots.save(10, ['one', 'two'])).toMatchObject({ seq: 10 });
    expect(await snapshots.save(20, large)).toMatchObject({ seq: 20 });
    expect(await snapshots.newestSeq()).toBe(20);
    for (const user of ['governor-store', 'commander-store', 'snapshotter-store'] as const)
      expect(await take(await open(user))).toEqual(large);
    expect(ignored).toEqual([]);
  });

  test('that were made by another fold, of another log or beyond the end of this one are ignored and counted', async () => {
    await (await open()).save(30, ['other']);
    await tamper(0, { created: '2020-01-01T00:00:00Z' });
    await (await open()).save(10, ['mine']);
    await (await open('snapshotter-store', { fold: { name: 'world', version: 2 } })).save(20, ['']);
    const snapshots = await open('governor-store');
    expect(await take(snapshots)).toEqual(['mine']);
    expect(snapshots.counts.ignored).toMatchObject({ other_fold: 1, other_log: 1 });
    await (await open()).save(51, ['from the future']);
    expect(await take(await open())).toEqual(['mine']);
    expect(ignored.toSorted()).toEqual(['beyond_log', 'other_fold', 'other_fold', 'other_log']);
  });

  test('that are damaged are ignored and counted, and the next older one is given', async () => {
    const snapshots = await open();
    await snapshots.save(10, ['first']);
    await snapshots.save(20, ['second']);
    await snapshots.save(30, ['third']);
    await overwrite(2, '0', 'not what was saved');
    expect(await take(snapshots)).toEqual(['second']);
    expect(snapshots.counts.ignored.damaged).toBe(1);
    await overwrite(1, 'manifest', '{"format":1');
    expect(await take(snapshots)).toEqual(['first']);
    expect(snapshots.counts.ignored.unreadable).toBe(1);
    const failing = snapshots.restore(() => {
      throw new RangeError('the lines are not a world');
    });
    expect(await failing).toBeUndefined();
  });

  test('take the place of the oldest one, and of a broken one first', async () => {
    const snapshots = await open();
    for (const seq of [10, 20, 30, 40, 45]) await snapshots.save(seq, [`up to ${seq}`]);
    expect(await take(snapshots)).toEqual(['up to 45']);
    const store = await (await bus.connect('operator')).request('$JS.API.STREAM.INFO.SNAPSHOTS');
    expect(store.json<{ state: { messages: number } }>().state.messages).toBe(6);
    await overwrite(1, 'manifest', 'broken');
    await snapshots.save(50, ['up to 50']);
    await overwrite(0, 'manifest', 'broken');
    expect(await take(snapshots)).toEqual(['up to 50']);
  });

  test('of two that are saved at once at most one is stored, and it is whole', async () => {
    const [one, two] = [await open(), await open()];
    const many = (name: string) => Array.from({ length: 5000 }, (_, n) => `${name} ${n}`);
    const saved = await Promise.all([one.save(10, many('one')), two.save(10, many('two'))]);
    expect(saved.filter((result) => result !== undefined)).toHaveLength(1);
    expect(await one.save(10, ['one', 'later'])).toBeUndefined();
    const lines = await take(one);
    expect(new Set(lines?.map((line) => line.split(' ')[0])).size).toBe(1);
    expect(lines).toHaveLength(5000);
  });

  test('that can not be read are none: a stream that is away never keeps a fold from beginning', async () => {
    const snapshots = await open();
    await snapshots.save(10, ['first']);
    await (await bus.connect('operator')).request('$JS.API.STREAM.DELETE.SNAPSHOTS');
    expect(await take(snapshots)).toBeUndefined();
    expect(snapshots.counts.ignored.unreadable).toBe(1);
    await expect(snapshots.save(20, ['second'])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(await take(await open('projector-store'))).toBeUndefined();
  });
});
