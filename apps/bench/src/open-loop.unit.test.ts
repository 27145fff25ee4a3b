import { afterAll, beforeAll, expect, test } from 'vitest';
import { Samples } from './measure.ts';
import { driveOpenly, Schedule } from './open-loop.ts';
import { startTicks, type Ticks } from './ticks.ts';

let ticks: Ticks;
beforeAll(() => {
  ticks = startTicks();
});
afterAll(() => ticks.stop());

const drawn = (schedule: Schedule, nowMs: number): number[] => {
  const due: number[] = [];
  for (let at = schedule.take(nowMs); at !== undefined; at = schedule.take(nowMs)) due.push(at);
  return due;
};

test('requests are due evenly apart, each once', () => {
  const schedule = new Schedule(1000, { perSecond: 500, count: 4 });
  expect(drawn(schedule, 999)).toEqual([]);
  expect(drawn(schedule, 1003)).toEqual([1000, 1002]);
  expect(drawn(schedule, 1003)).toEqual([]);
  expect(drawn(schedule, 9999)).toEqual([1004, 1006]);
  expect(schedule.over).toBe(true);
});

test('after the sender was held up, what was due meanwhile counts from when it was due', () => {
  const schedule = new Schedule(0, { perSecond: 1000, count: 100 });
  drawn(schedule, 9);
  const heldUpUntil = 40;
  expect(drawn(schedule, heldUpUntil).map((due) => heldUpUntil - due)).toEqual(
    Array.from({ length: 31 }, (_, i) => 30 - i),
  );
});

test('slow answers keep no request from being sent', async () => {
  const samples = new Samples();
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  await driveOpenly(samples, { sliceMs: 20, perSecond: 1000 }, ticks, () => {
    if (++sent === 20) resolve();
    return all;
  });
  expect(samples.count).toBe(20);
});

test('a request that fails ends the run with its error', async () => {
  const load = { sliceMs: 5, perSecond: 1000 };
  const failing = driveOpenly(new Samples(), load, ticks, () =>
    Promise.reject(new Error('refused')),
  );
  await expect(failing).rejects.toThrow('refused');
});
