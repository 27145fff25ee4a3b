import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
/** Of the pool, for an id: one for the variant, three and three for the parts after it, twelve for the last. */
const DIGITS_PER_ID = 19;
const VARIANTS = '89ab';

const pool = Buffer.alloc(POOL_BYTES);
/** Random hexadecimal digits. */
let digits = '';
let used = 0;
let lastMs = -1;
let timePart = '';

/** A UUID version 7 (RFC 9562) of a time in milliseconds; randomness is drawn for many at once. */
export function decisionIdAt(nowMs: number): string {
  if (used + DIGITS_PER_ID > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  const at = used;
  used += DIGITS_PER_ID;
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    const time = nowMs.toString(16).padStart(12, '0').slice(-12);
    timePart = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  }
  const variant = VARIANTS[digits.charCodeAt(at) & 3] ?? '';
  return `${timePart}${digits.slice(at + 1, at + 4)}-${variant}${digits.slice(at + 4, at + 7)}-${digits.slice(at + 7, at + 19)}`;
}
