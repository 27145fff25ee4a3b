import { decay } from './decay.ts';
import { divideHalfUp, smaller } from './fixed-point.ts';
import type { TrustModel } from './model.ts';

/** Good (r) and bad (s) evidence, in billionths. */
export interface Evidence {
  readonly r: bigint;
  readonly s: bigint;
}

/** Evidence as it stood at a minute. */
export interface DatedEvidence extends Evidence {
  readonly minute: number;
}

/** A rating of 1 in the integers that ratings are counted in. */
export const FULL_RATING = 10_000;

/** What is left of evidence at a minute; a minute before its own counts as its own. */
export function evidenceAt(evidence: DatedEvidence, minute: number, model: TrustModel): Evidence {
  const elapsed = minute - evidence.minute;
  if (elapsed <= 0) return { r: evidence.r, s: evidence.s };
  return {
    r: decay(evidence.r, model.goodDecay, elapsed),
    s: decay(evidence.s, model.badDecay, elapsed),
  };
}

/** Evidence after more of it arrived at a minute: the old decays to that minute, good evidence stops at its ceiling. */
export function addEvidence(
  evidence: DatedEvidence,
  arrived: DatedEvidence,
  model: TrustModel,
): DatedEvidence {
  const left = evidenceAt(evidence, arrived.minute, model);
  return {
    r: smaller(model.maxGood, left.r + arrived.r),
    s: left.s + arrived.s,
    minute: Math.max(evidence.minute, arrived.minute),
  };
}

/** Splits a weight by a rating in ten-thousandths; the good share is rounded half up and the bad one is the rest. */
export function splitWeight(weight: bigint, rating: number): Evidence {
  const r = divideHalfUp(weight * BigInt(rating), BigInt(FULL_RATING));
  return { r, s: weight - r };
}

/** A rating from 0 to 1 as ten-thousandths; throws `RangeError` outside that range. */
export function ratingInTenThousandths(rating: number): number {
  if (!(rating >= 0 && rating <= 1)) {
    throw new RangeError(`rating \`${rating}\` is not between 0 and 1, send a number from 0 to 1`);
  }
  return Math.round(rating * FULL_RATING);
}
