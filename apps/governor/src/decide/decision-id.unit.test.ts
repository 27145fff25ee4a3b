import { uuid } from '@writ/contracts';
import { expect, test } from 'vitest';
import { decisionIdAt } from './decision-id.ts';

test('ids are UUIDs of version 7 that sort by time and never repeat', () => {
  const ids = Array.from({ length: 5000 }, (_, i) =>
    decisionIdAt(1_800_000_000_000 + Math.floor(i / 100)),
  );
  for (const id of ids) expect(uuid.parse(id)[14]).toBe('7');
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.map((id) => id.slice(0, 13))).toEqual(ids.map((id) => id.slice(0, 13)).toSorted());
  expect(Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16)).toBe(
    1_800_000_000_000,
  );
});
