import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
const BYTES_PER_ID = 10;

const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);
let lastMs = -1;
let timePart = '';

/** A UUID version 7 (RFC 9562) of a time in milliseconds; randomness is drawn for many at once. */
export function decisionIdAt(nowMs: number): string {
  if (used + BYTES_PER_ID > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += BYTES_PER_ID;
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    const digits = nowMs.toString(16).padStart(12, '0').slice(-12);
    timePart = `${digits.slice(0, 8)}-${digits.slice(8)}-`;
  }
  const byte = (i: number): number => pool[at + i] ?? 0;
  const version = hex[0x70 | (byte(0) & 0x0f)] ?? '';
  const variant = hex[0x80 | (byte(2) & 0x3f)] ?? '';
  return `${timePart}${version}${hex[byte(1)]}-${variant}${hex[byte(3)]}-${hex[byte(4)]}${hex[byte(5)]}${hex[byte(6)]}${hex[byte(7)]}${hex[byte(8)]}${hex[byte(9)]}`;
}
