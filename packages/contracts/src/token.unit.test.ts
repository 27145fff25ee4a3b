import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeToken, encodeToken } from './token.ts';

const cell = fc.stringMatching(/^c[0-9a-f]{8}$/);
const position = fc.record({
  cell,
  segment: fc.integer({ min: 1, max: 9999 }),
  seq: fc.integer({ min: 0, max: 10 ** 15 - 1 }),
});

test('a token stands for its position, in plain characters', () => {
  fc.assert(
    fc.property(position, (at) => {
      const token = encodeToken(at);
      expect(token).toMatch(/^w1\.[A-Za-z0-9_-]+$/);
      expect(decodeToken(token, at.cell)).toEqual(at);
    }),
  );
});

test('a token of another cell, or of nobody, is refused', () => {
  const token = encodeToken({ cell: 'c00000001', segment: 1, seq: 5 });
  expect(() => decodeToken(token, 'c00000002')).toThrow(
    expect.objectContaining({ code: 'TOKEN_INVALID' }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => decodeToken(text, 'c00000001')).toThrow(
        expect.objectContaining({ code: 'TOKEN_INVALID' }),
      );
    }),
  );
});
