import { expect, test } from 'vitest';
import { BEHIND_MS, Freshness, SILENT_MS } from './freshness.ts';

test('a state is in doubt before it has heard anything, and after two seconds of silence', () => {
  const freshness = new Freshness();
  expect(freshness.doubt(0)).toContain('not heard');
  freshness.heard(1000, { seq: 5, pending: 0 });
  expect(freshness.doubt(1000 + SILENT_MS)).toBeUndefined();
  expect(freshness.doubt(1001 + SILENT_MS)).toContain('not heard');
});

test('a state that leaves what it heard of unfolded for a second is behind, until it has folded that', () => {
  const freshness = new Freshness();
  freshness.heard(0, { seq: 10, pending: 0 });
  freshness.heard(500, { seq: 12, pending: 10 });
  expect(freshness.doubt(500 + BEHIND_MS)).toBeUndefined();
  freshness.heard(501 + BEHIND_MS, { seq: 21, pending: 5 });
  expect(freshness.doubt(501 + BEHIND_MS)).toContain('behind');
  freshness.heard(502 + BEHIND_MS, { seq: 22, pending: 4 });
  expect(freshness.doubt(502 + BEHIND_MS)).toBeUndefined();
});

test('what waits after a silence may have waited all the while: there is doubt until it is folded', () => {
  const freshness = new Freshness();
  freshness.heard(0, { seq: 10, pending: 0 });
  freshness.heard(60_000, { seq: 20, pending: 900 });
  expect(freshness.doubt(60_000)).toContain('behind');
  freshness.heard(60_010, { seq: 919, pending: 50 });
  expect(freshness.doubt(60_010)).toContain('behind');
  freshness.heard(60_020, { seq: 920, pending: 49 });
  expect(freshness.doubt(60_020)).toBeUndefined();
});

test('a state is in doubt until it has folded what the log had when it began', () => {
  const freshness = new Freshness();
  freshness.heard(0, { seq: 10, pending: 5 });
  expect(freshness.doubt(0)).toContain('behind');
  freshness.heard(1, { seq: 15, pending: 3 });
  expect(freshness.doubt(1)).toBeUndefined();
});

test('a log that is written to without a pause is no doubt while what comes is folded at once', () => {
  const freshness = new Freshness();
  freshness.heard(0, { seq: 0, pending: 0 });
  const doubts = new Set<string | undefined>();
  for (let ms = 3; ms < 60_000; ms += 3) {
    // Five events of the last milliseconds are always still to come.
    freshness.heard(ms, { seq: ms * 10, pending: 5 });
    doubts.add(freshness.doubt(ms));
  }
  expect([...doubts]).toEqual([undefined]);
});

test('a state that folds as fast as the log grows, but more than a second after it, is behind', () => {
  const freshness = new Freshness();
  freshness.heard(0, { seq: 0, pending: 0 });
  const doubts: (string | undefined)[] = [];
  for (let ms = 1; ms < 10_000; ms += 10) {
    // Ten events come in a millisecond, and each is folded two seconds after it.
    const seq = Math.max(0, (ms - 2 * BEHIND_MS) * 10);
    freshness.heard(ms, { seq, pending: ms * 10 - seq });
    if (ms > 2 * BEHIND_MS) doubts.push(freshness.doubt(ms));
  }
  expect(doubts.every((doubt) => doubt?.includes('behind'))).toBe(true);
});
