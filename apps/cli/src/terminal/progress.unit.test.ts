import { expect, test } from 'vitest';
import { openProgress, progressLine } from './progress.ts';

test('a line says how much is done, how fast, and how long it will take', () => {
  const line = progressLine({
    what: 'exporting',
    part: 250,
    whole: 1000,
    count: 5000,
    tookMs: 2000,
  });
  expect(line).toBe('exporting 25 %, 5,000 (2,500/s), 6 s left');
  const slow = progressLine({ what: 'storing', part: 1, whole: 1000, count: 1, tookMs: 1000 });
  expect(slow).toBe('storing 0 %, 1 (1/s), 17 min left');
});

test('nothing is divided by nothing', () => {
  expect(progressLine({ what: 'reading', part: 0, whole: 0, count: 0, tookMs: 0 })).toBe(
    'reading 100 %, 0 (0/s), 0 s left',
  );
  expect(progressLine({ what: 'reading', part: 0, whole: 5, count: 0, tookMs: 1 })).toBe(
    'reading 0 %, 0 (0/s)',
  );
});

test('the line is written over, and only on a terminal', () => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const quiet = openProgress({ write }, 'reading', 10);
  quiet.at(5, 5);
  quiet.end();
  expect(written).toEqual([]);
  const shown = openProgress({ write, isTTY: true }, 'reading', 10);
  shown.at(5, 5);
  shown.end();
  expect(written[0]).toContain('reading 50 %');
  expect(written.every((text) => text.startsWith('\r'))).toBe(true);
});
