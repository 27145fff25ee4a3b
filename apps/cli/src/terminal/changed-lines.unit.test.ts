import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedLines } from './changed-lines.ts';

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 8 })
  .map((lines) => `${lines.join('\n')}\n`);

test('what stayed and went is the text before, what stayed and came the one after', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = changedLines(before, after);
      const without = (sign: string): string =>
        lines.flatMap((line) => (line.sign === sign ? [] : [`${line.text}\n`])).join('');
      expect(without('+')).toBe(before);
      expect(without('-')).toBe(after);
    }),
  );
});

test('no more lines change than must', () => {
  expect(changedLines('a\nb\nc\n', 'a\nc\nd\n').map(({ sign, text }) => sign + text)).toEqual([
    ' a',
    '-b',
    ' c',
    '+d',
  ]);
  expect(changedLines('', 'a')).toEqual([{ sign: '+', text: 'a' }]);
});
