import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atMostFrom, count, countedAt, fillMeter, meterOver, meterToJson } from './meter.ts';

const seconds = 60;
const at = fc.integer({ min: 0, max: 400_000 });
const entries = fc.array(fc.record({ at, amount: fc.integer({ min: 1, max: 9 }) }));

test('an amount counts for as long as it should, and for at most a sixtieth longer', () => {
  fc.assert(
    fc.property(entries, at, (made, now) => {
      const past = made.filter((one) => one.at <= now).toSorted((a, b) => a.at - b.at);
      const meter = meterOver(seconds);
      for (const one of past) count(meter, one.at, one.amount);
      const within = (ms: number) =>
        past.filter((one) => now - one.at < ms).reduce((sum, { amount }) => sum + amount, 0);
      expect(countedAt(meter, now)).toBeGreaterThanOrEqual(within(seconds * 1000));
      expect(countedAt(meter, now)).toBeLessThanOrEqual(within(seconds * 1000 * (1 + 1 / 60)));
    }),
  );
});

test('the time at which there is room is the first at which there is', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 40 }), (made, atMost) => {
      const meter = meterOver(seconds);
      const past = made.toSorted((a, b) => a.at - b.at);
      for (const one of past) count(meter, one.at, one.amount);
      const now = past.at(-1)?.at ?? 0;
      const free = atMostFrom(meter, now, atMost);
      expect(free).toBeGreaterThanOrEqual(now);
      expect(countedAt(meter, free)).toBeLessThanOrEqual(atMost);
      if (free > now) expect(countedAt(meter, free - 1)).toBeGreaterThan(atMost);
    }),
  );
});

test('the order in which amounts come does not matter, what is taken back is gone, and a snapshot keeps all', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 400_000, max: 440_000 }), (made, now) => {
      const [one, other, copy] = [meterOver(seconds), meterOver(seconds), meterOver(seconds)];
      for (const entry of made) count(one, entry.at, entry.amount);
      for (const entry of made.toReversed()) count(other, entry.at, entry.amount + 5);
      for (const entry of made) count(other, entry.at, -5);
      fillMeter(copy, meterToJson(one));
      expect(countedAt(other, now)).toBe(countedAt(one, now));
      expect(copy).toEqual(one);
    }),
  );
});

test('it holds no more slices than count', () => {
  const meter = meterOver(1);
  for (let ms = 0; ms < 100_000; ms += 7) count(meter, ms, 1);
  expect(meter.slices.size).toBeLessThanOrEqual(62);
});
