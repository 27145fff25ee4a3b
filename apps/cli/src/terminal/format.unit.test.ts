import { expect, test } from 'vitest';
import { milliseconds, parseTime, shortTime } from './format.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');

test.each([
  ['10m', '2026-11-20T11:50:00.000Z'],
  ['2h', '2026-11-20T10:00:00.000Z'],
  ['1d', '2026-11-19T12:00:00.000Z'],
  ['2026-11-20T11:00:00+01:00', '2026-11-20T10:00:00.000Z'],
])('%s is a time', (text, iso) => {
  expect(parseTime(text, nowMs)).toBe(iso);
});

test.each(['', 'yesterday', '10', '5', '10w', '-3h'])('%j is no time', (text) => {
  expect(parseTime(text, nowMs)).toBeUndefined();
});

test('values are short for people', () => {
  expect(shortTime('2026-11-20T10:00:00.123Z')).toBe('2026-11-20 10:00:00Z');
  expect(shortTime(null)).toBe('');
  expect([milliseconds(840), milliseconds(12_340), milliseconds(null)]).toEqual([
    '840 ms',
    '12.3 s',
    '',
  ]);
});
