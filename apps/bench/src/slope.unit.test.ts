import { expect, test } from 'vitest';
import { growthOf, slope } from './slope.ts';

test('the slope of points on a line is that of the line', () => {
  expect(
    slope([
      [0.1, 5.2],
      [1, 7],
      [3, 11],
    ]),
  ).toBeCloseTo(2, 9);
});

test('the slope of points beside a line is that of the closest one', () => {
  expect(
    slope([
      [0, 0],
      [1, 3],
      [2, 3],
      [3, 6],
    ]),
  ).toBeCloseTo(1.8, 9);
});

test('one point has no slope, and nothing fails for it', () => {
  expect(slope([[1, 7]])).toBe(0);
});

test('growth gives a slope for each part of each quantity, per million events', () => {
  const at = (events: number, nats: number, governor: number) => ({
    events,
    agents: events / 100,
    memoryMb: { nats, governor },
    startMs: { governor: 10 * governor },
    diskMb: { nats: 2 * nats },
  });
  const { perMillion } = growthOf([at(500_000, 50, 100), at(1_500_000, 70, 140)]);
  expect(perMillion).toEqual({
    memoryMb: { nats: 20, governor: 40 },
    startMs: { governor: 400 },
    diskMb: { nats: 40 },
  });
});
