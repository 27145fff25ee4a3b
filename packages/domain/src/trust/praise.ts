/**
 * Daily limits on praise.
 *
 * Praise is cheap to make, so one owner's raters together move an agent by at most so much a day, and all of them
 * together by a little more. A day is a UTC day of the model's clock, which never goes back: an old timestamp cannot open
 * a new day.
 */

import type { DayPraise } from './agent-trust.ts';
import { smaller } from './fixed-point.ts';
import type { PraiseCaps } from './model.ts';

/** Weight of praise that a rater owner asks for on a day. */
export interface PraiseClaim {
  readonly owner: string;
  readonly day: number;
  readonly weight: bigint;
}

/** What was granted of a claim, and the day's praise after it. */
export interface PraiseGrant {
  readonly granted: bigint;
  readonly praise: DayPraise;
}

/** Grants as much of a claim as the day's limits leave. */
export function grantPraise(
  praise: DayPraise,
  claim: PraiseClaim,
  caps: PraiseCaps | null,
): PraiseGrant {
  if (caps === null || claim.weight === 0n) return { granted: claim.weight, praise };
  const today = praise.day === claim.day ? praise : { day: claim.day, total: 0n, byOwner: [] };
  const known = today.byOwner.find(({ owner }) => owner === claim.owner);
  if (known === undefined && today.byOwner.length >= caps.raterOwners)
    return { granted: 0n, praise };

  const used = known?.weight ?? 0n;
  const granted = smaller(
    claim.weight,
    smaller(left(caps.perRaterOwner, used), left(caps.perAgent, today.total)),
  );
  if (granted === 0n) return { granted, praise };

  const entry = { owner: claim.owner, weight: used + granted };
  const byOwner =
    known === undefined
      ? [...today.byOwner, entry]
      : today.byOwner.map((other) => (other.owner === claim.owner ? entry : other));
  return { granted, praise: { day: today.day, total: today.total + granted, byOwner } };
}

/** A limit may have been lowered during the day, below what was already used. */
function left(limit: bigint, used: bigint): bigint {
  return used < limit ? limit - used : 0n;
}
