/** How much a verdict adds to an answer and to its record: the places in it are as long as the result makes them. */
import type { Verdict } from '@writ/validation';

/** A message holds 1 MiB. */
const MAX_BYTES = 700 * 1024;

/** True when an answer that tells the verdict would be larger than a message may be. */
export function isTooLarge({ findings, redactions, result }: Verdict): boolean {
  // A finding is told with its place, and in words that have the place in them.
  const told = [...findings, ...findings, ...redactions];
  const length = told.reduce((sum, { path }) => sum + path.length, 0);
  // What is far too long is not written out to be measured.
  if (length > MAX_BYTES) return true;
  return Buffer.byteLength(JSON.stringify([told, result ?? null])) > MAX_BYTES;
}
