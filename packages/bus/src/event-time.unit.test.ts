import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeMsOf } from './event-time.ts';

const moments = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('2199-12-31T23:59:59Z'),
  noInvalidDate: true,
});

test('reads every time that an event can have, in whatever order', () => {
  fc.assert(
    fc.property(fc.array(moments), (dates) => {
      for (const date of dates)
        for (const laterMs of [0, 1, 999, 61_000]) {
          const time = new Date(date.getTime() + laterMs);
          expect(timeMsOf(time.toISOString())).toBe(time.getTime());
        }
    }),
  );
});

test('is of one mind with `Date.parse` about what is a time, also right after one of the same minute', () => {
  const first = '2026-11-20T08:30:00.125Z';
  const others = [
    '2026-11-20T08:30:59.999Z',
    '2026-11-20T08:30:60.000Z',
    '2026-11-20T08:30:99.000Z',
    '2026-11-20T08:30:0x.125Z',
    '2026-11-20T08:30:00,125Z',
    '2026-11-20T08:30:00.12aZ',
    '2026-11-20T08:30:00.125z',
    '2026-11-20T08:30:00.1250',
    '2026-11-20T08:30:00Z',
    '2026-11-20T08:30:00.1251Z',
    '2026-11-20T08:30:00.125+01:00',
    '2026-02-31T08:30:00.125Z',
    'yesterday',
    '',
  ];
  for (const text of others) {
    expect(timeMsOf(first)).toBe(Date.parse(first));
    expect(timeMsOf(text)).toBe(Date.parse(text));
  }
});
