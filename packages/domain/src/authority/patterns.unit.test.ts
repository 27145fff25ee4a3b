import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers, coversPattern } from './patterns.ts';

const letters = (max: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', ':'), minLength: 0, maxLength: max });
const pattern = fc.oneof(
  letters(4).filter((text) => text !== ''),
  letters(3).map((text) => `${text}*`),
);

test.each([
  ['read', 'read', true],
  ['read', 'reading', false],
  ['re*', 'read', true],
  ['read*', 'read', true],
  ['read_*', 'read', false],
  ['*', 'anything', true],
  ['dataset:s*', 'dataset:s*', true],
  ['dataset:s', 'dataset:s*', false],
])('the pattern `%s` covers the name `%s`: %s', (one, name, covered) => {
  expect(covers(one, name)).toBe(covered);
});

test('a pattern that is covered covers nothing that the other does not, for every name', () => {
  fc.assert(
    fc.property(pattern, pattern, letters(6), (wide, narrow, rest) => {
      // Names that the narrow pattern has something to do with, beside any others.
      const near = narrow.endsWith('*') ? narrow.slice(0, -1) + rest : narrow;
      for (const name of [near, rest, `${rest}*`])
        if (coversPattern(wide, narrow) && covers(narrow, name))
          expect(covers(wide, name), `${wide} ${narrow} ${name}`).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});

test('a pattern that is not covered covers some name that the other does not', () => {
  fc.assert(
    fc.property(pattern, pattern, (wide, narrow) => {
      if (coversPattern(wide, narrow)) return;
      const prefix = narrow.endsWith('*') ? narrow.slice(0, -1) : undefined;
      const names = prefix === undefined ? [narrow] : [prefix, `${prefix}a`, `${prefix}c`];
      expect(names.some((name) => covers(narrow, name) && !covers(wide, name))).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});
