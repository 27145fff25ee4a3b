import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TenantRecords } from './tenant-records.ts';

type Stored = { readonly firstN: number; readonly records: { readonly n: number }[] };

/** A log that stores when it is told to. */
function heldLog(): {
  records: TenantRecords;
  clock: { nowMs: number };
  stored: Stored[];
  release: () => void;
  fail: () => void;
  waiting: () => number;
} {
  const stored: Stored[] = [];
  const clock = { nowMs: 0 };
  const held: { batch: Stored; settle: PromiseWithResolvers<void> }[] = [];
  const records = new TenantRecords({
    governor: 'g',
    boot: 'b',
    clock: () => clock.nowMs,
    onTrouble() {},
    append(firstN, body) {
      const settle = Promise.withResolvers<void>();
      held.push({ batch: { firstN, records: JSON.parse(body) as Stored['records'] }, settle });
      return settle.promise;
    },
  });
  return {
    records,
    clock,
    stored,
    waiting: () => held.length,
    release() {
      for (const { batch, settle } of held.splice(0)) {
        stored.push(batch);
        settle.resolve();
      }
    },
    fail: () => held.splice(0).forEach(({ settle }) => settle.reject(new Error('full'))),
  };
}

test('records are numbered without holes over batches of at most 64', async () => {
  const { records, stored, release } = heldLog();
  for (let i = 0; i < 200; i++) records.add('decision', '}');
  const flushed = records.flush(5000);
  while (stored.length < 4) {
    release();
    await turn();
  }
  await flushed;
  expect(stored.map(({ firstN, records: { length } }) => [firstN, length])).toEqual([
    [1, 64],
    [65, 64],
    [129, 64],
    [193, 8],
  ]);
  expect(stored.flatMap((batch) => batch.records.map(({ n }) => n))).toEqual(
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
});

test('who waits hears when the record is stored, and not before', async () => {
  const { records, release, waiting } = heldLog();
  const heard: boolean[] = [];
  records.add('decision', '}', (ok) => heard.push(ok));
  while (waiting() === 0) await turn();
  expect(heard).toEqual([]);
  release();
  await turn();
  expect(heard).toEqual([true]);
});

test('while the log refuses, who waits hears no and nothing more is taken; the records are kept and stored later', async () => {
  const { records, stored, release, fail, waiting } = heldLog();
  const heard: boolean[] = [];
  records.add('decision', '}', (ok) => heard.push(ok));
  while (waiting() === 0) await turn();
  fail();
  await turn();
  expect(heard).toEqual([false]);
  expect(records.refuses).toBe(true);
  while (waiting() === 0) await turn();
  release();
  await turn();
  expect(records.refuses).toBe(false);
  expect(stored.map(({ firstN }) => firstN)).toEqual([1]);
});

test('a thousand unacknowledged records, or one for too long, is a strain; beyond 4,000 they are refused', () => {
  const { records, clock } = heldLog();
  records.add('decision', '}');
  clock.nowMs = 20;
  expect(records.strained).toBe(false);
  clock.nowMs = 21;
  expect(records.strained).toBe(true);
  clock.nowMs = 0;
  for (let i = 0; i < 998; i++) records.add('decision', '}');
  expect(records.strained).toBe(false);
  records.add('decision', '}');
  expect(records.strained).toBe(true);
  expect(records.refuses).toBe(false);
  for (let i = 0; i < 3000; i++) records.add('decision', '}');
  expect(records.refuses).toBe(true);
  records.stop();
});

test('who waits when everything stops hears no', () => {
  const { records } = heldLog();
  const heard: boolean[] = [];
  records.add('decision', '}', (ok) => heard.push(ok));
  records.stop();
  expect(heard).toEqual([false]);
  expect(records.refuses).toBe(true);
});

test('one who fails on hearing keeps nobody else from it, and the batch is stored once', async () => {
  const { records, stored, release, waiting } = heldLog();
  const heard: boolean[] = [];
  records.add('decision', '}', () => {
    throw new Error('the answer is too large');
  });
  records.add('decision', '}', (ok) => heard.push(ok));
  while (waiting() === 0) await turn();
  release();
  await records.flush(5000);
  expect([heard, stored.length, records.refuses]).toEqual([[true], 1, false]);
});

test('a batch fits in a message, whatever the characters; a long record has one of its own', async () => {
  const sizes: number[] = [];
  const records = new TenantRecords({
    governor: 'g',
    boot: 'b',
    clock: () => 0,
    onTrouble() {},
    append: (_firstN, body) => Promise.resolve(sizes.push(Buffer.byteLength(body))),
  });
  const tailOf = (characters: number): string => `,"note":"${'語'.repeat(characters)}"}`;
  for (const characters of [90_000, 90_000, 90_000, 250_000, 90_000, 10])
    records.add('decision', tailOf(characters));
  await records.flush(5000);
  expect(sizes.map((bytes) => Math.round(bytes / 3000))).toEqual([180, 90, 250, 90]);
});
