import { expect, test } from 'vitest';
import { takeName } from './governor-name.ts';

test('governors of a cell on one machine have distinct names, and a freed one is taken next', async () => {
  const cell = `test-${process.pid}`;
  const [first, second] = [await takeName(cell), await takeName(cell)];
  const other = await takeName(`${cell}-other`);
  try {
    expect(second.name).not.toBe(first.name);
    expect(other.name).toBe(first.name);
    expect(first.name).toMatch(/^[A-Za-z0-9_-]+-1$/);
  } finally {
    first.release();
    other.release();
  }
  const third = await takeName(cell);
  expect(third.name).toBe(first.name);
  second.release();
  third.release();
});
