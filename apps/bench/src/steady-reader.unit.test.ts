import { expect, test } from 'vitest';
import { type Seen, startReader } from './steady-reader.ts';

/** Sees these one after the other, and then the last one for ever. */
async function read(...views: readonly Seen[]): Promise<number> {
  const all = Promise.withResolvers<void>();
  let n = 0;
  const reader = startReader(async () => {
    const view = views[Math.min(n, views.length - 1)] ?? {};
    if (++n > views.length) all.resolve();
    return view;
  }, 0);
  await Promise.race([all.promise, new Promise((resolve) => setTimeout(resolve, 200))]);
  await reader.stop();
  return reader.looks;
}

test('a reader who sees more, or the same, is content', async () => {
  expect(await read({ rows: 1, seq: 4 }, { rows: 1, seq: 5 }, { rows: 3, seq: 5 })).toBeGreaterThan(
    2,
  );
});

test('a reader who once saw less says what and how much', async () => {
  await expect(read({ rows: 3, seq: 4 }, { rows: 2, seq: 5 }, { rows: 3, seq: 6 })).rejects.toThrow(
    'a reader saw `rows` go from 3 to 2',
  );
});

test('a reader to whom something is gone says so', async () => {
  await expect(read({ rows: 3 }, {})).rejects.toThrow('from 3 to nothing');
});

test('a reader who got no answer says why', async () => {
  const reader = startReader(() => Promise.reject(new Error('nobody there')), 0);
  await expect(reader.stop()).rejects.toThrow('nobody there');
});
