import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  divideHalfUp,
  formatNano,
  isqrt,
  mulNano,
  multiplyShift,
  parseNano,
} from './fixed-point.ts';

const natural = (bits: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: 0n, max: 1n << BigInt(bits) });

describe('fixed point', () => {
  test('a decimal is read exactly and written with 9 decimals', () => {
    expect(parseNano('1.645')).toBe(1_645_000_000n);
    expect(parseNano('0')).toBe(0n);
    expect(formatNano(1_645_000_000n)).toBe('1.645000000');
    expect(formatNano(7n)).toBe('0.000000007');
  });

  test('what is written is read back', () => {
    fc.assert(
      fc.property(natural(80), (value) => {
        expect(parseNano(formatNano(value))).toBe(value);
      }),
    );
  });

  test.each(['', '-1', '1.0000000001', '1e3', '.5', '1.', ' 1'])('`%s` is refused', (text) => {
    expect(() => parseNano(text)).toThrow(RangeError);
  });

  test('halves round up', () => {
    expect(divideHalfUp(5n, 2n)).toBe(3n);
    expect(divideHalfUp(49n, 100n)).toBe(0n);
    expect(mulNano(1n, 500_000_000n)).toBe(1n);
    expect(mulNano(1n, 499_999_999n)).toBe(0n);
    expect(multiplyShift(1n, 1n << 61n, 62n)).toBe(1n);
    expect(multiplyShift(1n, (1n << 61n) - 1n, 62n)).toBe(0n);
  });

  test('an integer root is the largest whose square fits', () => {
    fc.assert(
      fc.property(natural(300), (value) => {
        const root = isqrt(value);
        expect(root * root <= value && (root + 1n) * (root + 1n) > value).toBe(true);
      }),
    );
    expect(isqrt(0n)).toBe(0n);
    expect(() => isqrt(-1n)).toThrow(RangeError);
  });

  test('an integer root is exact at squares and one below', () => {
    fc.assert(
      fc.property(natural(150), (root) => {
        fc.pre(root > 0n);
        expect(isqrt(root * root)).toBe(root);
        expect(isqrt(root * root - 1n)).toBe(root - 1n);
      }),
    );
  });
});
