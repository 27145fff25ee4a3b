import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seenKeys } from './seen-keys.ts';

describe('keys that were seen', () => {
  test('every key that was added is known', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (keys) => {
        const seen = seenKeys(keys.length);
        for (const key of keys) seen.add(key);
        return keys.every((key) => seen.mayHave(key));
      }),
    );
  });

  test('adding a key tells whether it was added before', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 50 }), (keys) => {
        const seen = seenKeys(1000);
        const first = keys.map((key) => seen.add(key));
        const second = keys.map((key) => seen.add(key));
        return !first.includes(true) && !second.includes(false);
      }),
    );
  });

  test('of two hundred thousand that were not added hardly one is taken for known', () => {
    const count = 200_000;
    const seen = seenKeys(count);
    for (let i = 0; i < count; i++) seen.add(`default/container:worker-${i % 500}/exec-${i}\n`);
    let wrong = 0;
    for (let i = 0; i < count; i++)
      if (seen.mayHave(`default/container:worker-${i % 500}/other-${i}\n`)) wrong++;
    expect(wrong).toBeLessThan(5);
  });
});
