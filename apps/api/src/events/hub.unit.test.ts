import type { StoredEvent } from '@writ/bus';
import { expect, test } from 'vitest';
import { createTail } from './hub.ts';

const event = (seq: number) => ({ seq }) as StoredEvent;
const run = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
const sequences = (events: readonly StoredEvent[] | undefined) => events?.map(({ seq }) => seq);

test('the tail gives what came after a sequence, in order and no more than asked for', () => {
  const tail = createTail(10);
  tail.take(run(11, 15));
  expect(sequences(tail.after(12, 2))).toEqual([13, 14]);
  expect(sequences(tail.after(15, 2))).toEqual([]);
});

test('the tail does not answer for what was before it', () => {
  const tail = createTail(10);
  tail.take(run(11, 12));
  expect(tail.after(9, 5)).toBeUndefined();
  expect(sequences(tail.after(10, 5))).toEqual([11, 12]);
});

test('what was forgotten is not answered as if there had been nothing', () => {
  const tail = createTail(0);
  for (let seq = 1; seq <= 5000; seq += 100) tail.take(run(seq, seq + 99));
  expect(tail.after(100, 5)).toBeUndefined();
  expect(sequences(tail.after(4998, 5))).toEqual([4999, 5000]);
  expect(tail.after(3000, 1)?.[0]?.seq).toBe(3001);
});

test('a wait ends when the sequence is passed, and at once when it is passed already', async () => {
  const tail = createTail(1);
  const waiting = tail.passed(1, new AbortController().signal);
  tail.take([event(2)]);
  await expect(waiting).resolves.toBe(true);
  await expect(tail.passed(1, new AbortController().signal)).resolves.toBe(true);
});

test('a wait that is aborted says that nothing came', async () => {
  const tail = createTail(1);
  const stop = new AbortController();
  const waiting = tail.passed(1, stop.signal);
  stop.abort();
  await expect(waiting).resolves.toBe(false);
  await expect(tail.passed(1, stop.signal)).resolves.toBe(false);
});

test('an idle log moves the tail on and never back', () => {
  const tail = createTail(5);
  tail.reach(9);
  tail.reach(7);
  expect(tail.lastSeq).toBe(9);
});
