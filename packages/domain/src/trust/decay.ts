/**
 * Exponential forgetting in whole minutes, `2^(-minutes / halfLife)`, without floating point.
 *
 * A table holds `round(2^62 · 2^(-2^k / halfLife))` for k = 0…25. The factor of any number of minutes is the product of
 * the entries of its binary digits. Tables are data: they are published with the model, so that a reader in any language
 * repeats the same steps on the same integers and needs no exponential function.
 */

import { multiplyShift } from './fixed-point.ts';

/** Fraction bits of a table entry. */
export const DECAY_FRACTION_BITS = 62n;

/** Entries of a table: one for each binary digit of the elapsed minutes. */
export const DECAY_TABLE_LENGTH = 26;

/** Longest time a table can express, about 127 years; longer times count as this one. */
export const MAX_DECAY_MINUTES = 2 ** DECAY_TABLE_LENGTH - 1;

/** One half-life in minutes and the factors for 2^k minutes in units of 2^-62. */
export interface DecayTable {
  readonly halfLifeMinutes: number;
  readonly entries: readonly bigint[];
}

const ONE = 1n << DECAY_FRACTION_BITS;
const WORK_BITS = 256n;

/** Makes the table of a half-life of a whole number of minutes, by exact integer arithmetic with 256 fraction bits. */
export function createDecayTable(halfLifeMinutes: number): DecayTable {
  if (!Number.isSafeInteger(halfLifeMinutes) || halfLifeMinutes < 1) {
    throw new RangeError(
      `half-life \`${halfLifeMinutes}\` is not a whole number of minutes, give 1 or more`,
    );
  }
  const dropped = WORK_BITS - DECAY_FRACTION_BITS;
  const entries: bigint[] = [];
  let factor = exponentialOfMinus(ln2() / BigInt(halfLifeMinutes));
  for (let k = 0; k < DECAY_TABLE_LENGTH; k += 1) {
    entries.push((factor + (1n << (dropped - 1n))) >> dropped);
    factor = (factor * factor) >> WORK_BITS;
  }
  return { halfLifeMinutes, entries };
}

/** What is left of one after a number of minutes, in units of 2^-62; it never grows with the minutes. */
export function decayFactor(table: DecayTable, minutes: number): bigint {
  let digits = Math.min(minutes, MAX_DECAY_MINUTES);
  let factor = ONE;
  for (const entry of table.entries) {
    if (digits <= 0) break;
    if (digits % 2 === 1)
      factor = factor === ONE ? entry : multiplyShift(factor, entry, DECAY_FRACTION_BITS);
    digits = Math.floor(digits / 2);
  }
  return factor;
}

/** What is left of a non-negative quantity after a number of minutes, rounded half up; no time or less changes nothing. */
export function decay(value: bigint, table: DecayTable, minutes: number): bigint {
  if (value === 0n || minutes <= 0) return value;
  return multiplyShift(value, decayFactor(table, minutes), DECAY_FRACTION_BITS);
}

/** Natural logarithm of 2 with 256 fraction bits: 2·artanh(1/3) = Σ 2 / ((2i+1)·3^(2i+1)). */
function ln2(): bigint {
  let power = (2n << WORK_BITS) / 3n;
  let sum = 0n;
  for (let odd = 1n; power > 0n; odd += 2n) {
    sum += power / odd;
    power /= 9n;
  }
  return sum;
}

/** `e^-x` for 0 ≤ x < 1 with 256 fraction bits, by its alternating Taylor series. */
function exponentialOfMinus(x: bigint): bigint {
  let term = 1n << WORK_BITS;
  let sum = 0n;
  for (let i = 1n; term !== 0n; i += 1n) {
    sum += i % 2n === 1n ? term : -term;
    term = ((term * x) >> WORK_BITS) / i;
  }
  return sum;
}
