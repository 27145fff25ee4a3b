import { expect, test } from 'vitest';
import { judge } from './bounds.ts';

const result = { p50Ms: 0.4, p99Ms: 2.9, ratio: { p50: 1.9, rate: 0.5 } };

test('each bound is judged by its own figure, and a figure at its bound meets it', () => {
  const bounds = [
    { of: 'p50Ratio', atMost: 1.8 },
    { of: 'p99Ms', atMost: 2.9 },
    { of: 'rateRatio', atLeast: 0.5 },
  ] as const;
  expect(judge(bounds, result).map(({ met }) => met)).toEqual([false, true, true]);
});

test('a figure that was not taken meets no bound', () => {
  expect(judge([{ of: 'processorUs', atMost: 90 }], result)).toEqual([
    { of: 'processorUs', atMost: 90, met: false },
  ]);
});
