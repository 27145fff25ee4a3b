import { expect, test } from 'vitest';
import { BEHIND_MS, Freshness, SILENT_MS } from './freshness.ts';

test('a state is in doubt before it has heard anything, and after two seconds of silence', () => {
  const freshness = new Freshness();
  expect(freshness.doubt(0)).toContain('not heard');
  freshness.heard(1000, 0);
  expect(freshness.doubt(1000 + SILENT_MS)).toBeUndefined();
  expect(freshness.doubt(1001 + SILENT_MS)).toContain('not heard');
});

test('a state that hears but does not catch up for a second is behind', () => {
  const freshness = new Freshness();
  freshness.heard(0, 0);
  freshness.heard(500, 10);
  expect(freshness.doubt(BEHIND_MS)).toBeUndefined();
  freshness.heard(BEHIND_MS + 1, 5);
  expect(freshness.doubt(BEHIND_MS + 1)).toContain('behind');
  freshness.heard(BEHIND_MS + 2, 0);
  expect(freshness.doubt(BEHIND_MS + 2)).toBeUndefined();
});
