import type { DecisionLog, LogMessage } from '@writ/bus';
import { countedAt } from '@writ/domain';
import { expect, test } from 'vitest';
import { countedAllowsIn } from './counted-allows.ts';
import { WindowCounts } from './window-counts.ts';

const nowMs = Date.UTC(2027, 0, 4, 9);
const windows = [{ grantId: 'g1', seconds: 60 }];

/** A record of an allow that rests on a grant which was handed on from another. */
function recordOf(more: { governor?: string; boot?: string; outcome?: string } = {}): object {
  const limit = { grantId: 'g1', seconds: 60, used: 0, limit: 9, asks: 1 };
  const limits = [
    { ...limit, kind: 'window', by: { grantId: 'g1', agentId: 'a' } },
    { ...limit, kind: 'window', by: { grantId: 'g0', agentId: 'b' } },
    { ...limit, kind: 'uses', by: { grantId: 'g0', agentId: 'b' } },
    { ...limit, kind: 'window', grantId: 'g2', by: { grantId: 'g2', agentId: 'a' } },
  ];
  const inputs = { tenant: 'default', nowMs, limits };
  const of = { kind: 'decision', governor: 'other', boot: 'b1', outcome: 'allow' };
  return { ...of, ...more, restsOn: 'g1', inputs };
}

const messageOf = (seq: number, ...records: readonly object[]) =>
  ({ seq, data: Buffer.from(JSON.stringify(records)) }) as unknown as LogMessage;

/** Counts over a decision log that the test hands out by itself. */
function manual(ticks = () => nowMs) {
  let follow: Parameters<DecisionLog['follow']>[0] | undefined;
  const counts = new WindowCounts({
    log: {
      firstSince: () => Promise.resolve(5),
      follow(options) {
        follow = options;
        return { position: 0, done: new Promise(() => undefined), stop: () => Promise.resolve() };
      },
    },
    governor: 'g',
    boot: 'now',
    ticks,
    onTrouble() {},
  });
  const counted = (grantId: string): number => {
    const meter = counts.of('default').meterOf(grantId);
    return meter ? countedAt(meter, nowMs) : 0;
  };
  return { counts, counted, log: () => follow };
}

const end = { kind: 'end', governor: 'other', boot: 'b1' };

test('a batch has the allows that count, in the windows of the grant and of those before it', () => {
  const { data } = messageOf(1, recordOf(), recordOf({ outcome: 'deny' }), end);
  expect(countedAllowsIn(data)).toMatchObject([
    { tenant: 'default', windows: [{ grantId: 'g1' }, { grantId: 'g0' }] },
  ]);
  expect(countedAllowsIn(messageOf(1, end).data)).toEqual([]);
});

test('a record of a later release does not keep what is known of from being counted', () => {
  const record = recordOf() as { inputs: { limits: object[] } };
  const [first] = record.inputs.limits;
  record.inputs.limits.push({ ...first, kind: 'calls', seconds: undefined });
  record.inputs.limits.push({ ...first, by: { grantId: 'g3', agentId: 'a', cell: 'c' } });
  expect(countedAllowsIn(messageOf(1, { ...record, kind: 'hint' }).data)).toMatchObject([
    { windows: [{ grantId: 'g1' }, { grantId: 'g0' }, { grantId: 'g3' }] },
  ]);
});

test('nothing is known any more when the log is silent for too long, and again when it is not', async () => {
  let ms = nowMs;
  const { counts, log } = manual(() => ms);
  const known = () => counts.of('default').decisionsSeq;
  counts.readFrom(nowMs);
  await Promise.resolve();
  await Promise.resolve();
  log()?.onIdle?.(8);
  ms += 2000;
  expect(known()).toBe(8);
  ms += 1;
  expect(known()).toBeUndefined();
  void log()?.onMessages([messageOf(9, recordOf())], { lastSeq: 9, pending: 0 });
  expect(known()).toBe(9);
  ms += 2001;
  expect(known()).toBeUndefined();
  log()?.onIdle?.(9);
  expect(known()).toBe(9);
  await counts.stop();
});

test('nothing is known while records wait that others wrote during a silence, or for too long', async () => {
  let ms = 60_000;
  const { counts, log } = manual(() => ms);
  const known = () => counts.of('default').decisionsSeq;
  const read = (seq: number, pending: number) =>
    void log()?.onMessages([messageOf(seq, recordOf())], { lastSeq: seq, pending });
  counts.readFrom(nowMs);
  await Promise.resolve();
  await Promise.resolve();
  log()?.onIdle?.(8);
  ms += 60_000;
  read(9, 900);
  expect(known()).toBeUndefined();
  read(909, 50);
  expect(known()).toBe(909);
  ms += 1001;
  read(910, 100);
  expect(known()).toBeUndefined();
  read(959, 51);
  expect(known()).toBe(959);
  await counts.stop();
});

test('nothing is known before the log was read to its end, and it is not read before it has to be', async () => {
  const { counts, log } = manual();
  await counts.ready;
  expect([counts.of('default').decisionsSeq, log()]).toEqual([undefined, undefined]);
  counts.readFrom(nowMs);
  await Promise.resolve();
  await Promise.resolve();
  expect(log()?.fromSeq).toBe(5);
  expect(counts.of('default').decisionsSeq).toBeUndefined();
  log()?.onIdle?.(8);
  await counts.ready;
  expect(counts.of('default').decisionsSeq).toBe(8);
  await counts.stop();
});

test('allows of others and of boots before count when they are read, own ones at once and once', async () => {
  const { counts, counted, log } = manual();
  counts.readFrom(nowMs);
  await Promise.resolve();
  await Promise.resolve();
  counts.count({ tenant: 'default', nowMs, windows });
  expect(counted('g1')).toBe(1);
  const records = [
    recordOf(),
    recordOf({ governor: 'g' }),
    recordOf({ governor: 'g', boot: 'now' }),
  ];
  void log()?.onMessages([messageOf(6, ...records)], { lastSeq: 6, pending: 0 });
  expect([counted('g1'), counted('g0'), counted('g2')]).toEqual([3, 2, 0]);
  counts.count({ tenant: 'default', nowMs, windows }, -1);
  expect(counted('g1')).toBe(2);
  await counts.stop();
});
