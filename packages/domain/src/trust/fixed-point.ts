/**
 * Exact decimal arithmetic for trust: every quantity is a bigint that counts billionths (1e-9).
 *
 * ECMAScript leaves `Math.pow`, `Math.exp` and `Math.sqrt` to the implementation, so two machines may disagree in the
 * last digit. Replay needs the same bytes everywhere, hence integers only.
 */

/** One, in billionths. */
export const NANO = 1_000_000_000n;

const NANO_DIGITS = 9;
const DECIMAL = /^(\d+)(?:\.(\d{1,9}))?$/;

/** Reads a non-negative decimal such as `1.645` as billionths; throws `RangeError` on anything else. */
export function parseNano(text: string): bigint {
  const match = DECIMAL.exec(text);
  if (match === null) {
    throw new RangeError(
      `\`${text}\` is not a non-negative decimal with at most 9 decimals, write it like \`0.25\``,
    );
  }
  const [, whole = '', fraction = ''] = match;
  return BigInt(whole + fraction.padEnd(NANO_DIGITS, '0'));
}

/** Writes non-negative billionths as a decimal with exactly 9 decimals, the form of a `numeric` column. */
export function formatNano(value: bigint): string {
  const digits = value.toString().padStart(NANO_DIGITS + 1, '0');
  return `${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`;
}

/** Product of two non-negative quantities in billionths, rounded half up. */
export function mulNano(left: bigint, right: bigint): bigint {
  return divideHalfUp(left * right, NANO);
}

/** Quotient of two non-negative integers (the divisor above zero), rounded half up. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}

/** `value · factor / 2^bits` for non-negative integers and at least one bit, rounded half up. */
export function multiplyShift(value: bigint, factor: bigint, bits: bigint): bigint {
  return (value * factor + (1n << (bits - 1n))) >> bits;
}

/** Largest integer whose square is at most `value`; throws `RangeError` below zero. */
export function isqrt(value: bigint): bigint {
  if (value < 0n)
    throw new RangeError(`\`${value}\` has no integer square root, give a non-negative integer`);
  if (value < 2n) return value;
  // Newton from above falls strictly until it reaches the floor, so the first guess must not be below the root.
  const hexDigits = BigInt(value.toString(16).length);
  let root = 1n << (2n * hexDigits);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The smaller of two bigints. */
export function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
