import { WritError } from '@writ/contracts';
import { expect, test } from 'vitest';
import { openHealth } from './health.ts';

test('what is wrong is told by its part; of a probe that fails, only what is meant for everybody', async () => {
  const away = new WritError('STORE_UNAVAILABLE', 'it does not answer');
  const health = openHealth(
    [
      { part: 'one', check: async () => undefined },
      { part: 'two', check: async () => 'it is away' },
      { part: 'three', check: () => Promise.reject(away) },
      { part: 'four', check: () => Promise.reject(new Error('no password for `secret`')) },
    ],
    () => 0,
  );
  expect(await health.troubles()).toEqual([
    { part: 'two', message: 'it is away' },
    { part: 'three', message: 'it does not answer' },
    { part: 'four', message: expect.not.stringContaining('secret') },
  ]);
});

test('parts are looked at once a second at most, however many ask', async () => {
  let looks = 0;
  let now = 0;
  const health = openHealth([{ part: 'one', check: async () => void looks++ }], () => now);
  await Promise.all([health.troubles(), health.troubles(), health.troubles()]);
  await health.troubles();
  expect(looks).toBe(1);
  now = 1000;
  await health.troubles();
  expect(looks).toBe(2);
});

test('before the first look nothing is said to be well', () => {
  const health = openHealth([{ part: 'one', check: async () => undefined }], () => 0);
  expect(health.last()).toEqual([{ part: 'api', message: 'starting' }]);
});
