import { expect, test } from 'vitest';
import { ProcessorMeter, processorMsIn, processorUs } from './processor-time.ts';

test('processor time is that in user and in kernel mode, whatever the process is called', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194560 9 9 0 0 150 25 7 7 20 0 11 0 100';
  expect(processorMsIn(stat)).toBe(1750);
});

test('only what is spent while slices run counts', async () => {
  let spent = 100;
  const meter = new ProcessorMeter(() => Promise.resolve(spent));
  const slice = () => {
    spent += 30;
    return Promise.resolve();
  };
  await meter.during(slice);
  spent += 1000;
  await meter.during(slice);
  expect(meter.spentMs).toBe(60);
});

test('what an answer takes beyond the floor is that of one answer less that of one echo', () => {
  const each = processorUs({ spentMs: 300, count: 10_000 }, { spentMs: 100, count: 20_000 });
  expect(each).toEqual({ each: 30, floor: 5, over: 25 });
});

test('nothing is said where processor time can not be read', () => {
  const unread = { spentMs: processorMsIn(''), count: 10 };
  expect(processorUs(unread, { spentMs: 1, count: 1 })).toBeUndefined();
});
