import { expect, test } from 'vitest';
import { Waiters } from './waiters.ts';

test('waiters hear when their sequence is reached, each once', () => {
  const waiters = new Waiters();
  const heard: [number, boolean][] = [];
  for (const seq of [5, 7]) waiters.wait(seq, (reached) => heard.push([seq, reached]));
  waiters.reached(4);
  expect(heard).toEqual([]);
  waiters.reached(6);
  waiters.reached(6);
  expect(heard).toEqual([[5, true]]);
  waiters.close();
  expect(heard).toEqual([
    [5, true],
    [7, false],
  ]);
});
