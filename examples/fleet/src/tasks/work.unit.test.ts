import { describe, expect, test } from 'vitest';
import { chartOf } from './chart.ts';
import { parseCounts, readCounts } from './counts.ts';
import { profileOf } from './profile.ts';
import { figuresOf, hastyFiguresOf, summaryOf } from './summary.ts';
import { validateSummary } from './validate.ts';

const counts = await readCounts();

describe('the data set', () => {
  test('has a count per station and day of a year, or says that there is none', () => {
    expect(counts).toHaveLength(3 * 365);
    expect(counts.filter(({ bikes }) => bikes === null)).toHaveLength(8);
  });

  test.each([
    ['day,station', 'the first line must be `date,station,bikes,temperature_c,rain_mm`'],
    [
      'date,station,bikes,temperature_c,rain_mm\n2025-01-01,mill-lane,many,1,0',
      'line 2 is not a count: `2025-01-01,mill-lane,many,1,0`',
    ],
  ])('that is not one is refused with the line that is wrong', (csv, message) => {
    expect(() => parseCounts(csv)).toThrow(message);
  });
});

test('a profile keeps days without a count out of its means', () => {
  const header = 'date,station,bikes,temperature_c,rain_mm';
  const csv = `${header}\n2025-01-01,a,10,1,0\n2025-01-02,a,,1,0\n2025-01-03,a,30,1,0\n`;
  expect(profileOf(parseCounts(csv))).toEqual({
    rows: 3,
    from: '2025-01-01',
    to: '2025-01-03',
    stations: { a: { days: 3, missingDays: 1, total: 40, meanPerDay: 20, most: 30, least: 10 } },
    totalBikes: 40,
    busiestStation: 'a',
    busiestDay: '2025-01-03',
  });
});

test('a chart has a line of twelve points for each station', () => {
  const lines = [...chartOf(counts).matchAll(/<polyline [^>]*points="([^"]+)"/g)];
  expect(lines.map(([, points = '']) => points.split(' ').length)).toEqual([12, 12, 12]);
});

describe('a summary', () => {
  test('with the figures of the profile is accepted', () => {
    const summary = summaryOf(figuresOf(profileOf(counts)), 'somebody');
    expect(validateSummary(summary, counts)).toEqual({ accepted: true, problems: [] });
  });

  test('made in a hurry is rejected with what is wrong', () => {
    const { accepted, problems } = validateSummary(summaryOf(hastyFiguresOf(counts), 'x'), counts);
    expect(accepted).toBe(false);
    expect(problems).toContain('`Days without a count` is 8, not 0');
  });

  test('without its table is rejected', () => {
    expect(validateSummary('# Bikes', counts).problems).toContain('`Bikes in all` is missing');
  });
});
