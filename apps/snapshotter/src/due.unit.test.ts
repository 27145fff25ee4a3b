import { expect, test } from 'vitest';
import { isDue, SNAPSHOT_RULE as rule } from './due.ts';

test('a snapshot is due after many events, or after a while with some', () => {
  const since = { ms: 0, tookMs: 0 };
  expect(isDue(rule, { ...since, events: rule.afterEvents - 1 })).toBe(false);
  expect(isDue(rule, { ...since, events: rule.afterEvents })).toBe(true);
  expect(isDue(rule, { ...since, events: rule.leastEvents, ms: rule.afterMs })).toBe(true);
});

test('a snapshot of few events is never due, and the next one waits in proportion to what the last one took', () => {
  expect(isDue(rule, { events: rule.leastEvents - 1, ms: 1e9, tookMs: 0 })).toBe(false);
  const busy = { events: 1_000_000, tookMs: 2000 };
  expect(isDue(rule, { ...busy, ms: 19_000 })).toBe(false);
  expect(isDue(rule, { ...busy, ms: 21_000 })).toBe(true);
});
