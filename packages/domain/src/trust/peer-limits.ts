/**
 * Limits on what peers say. A peer is an agent like any other: a ring of them praises itself for nothing, and a rival
 * blames as easily as it praises. So all peers together move an agent by a bounded amount of evidence, and those of one
 * owner by a part of it a day.
 */

import type { AgentTrust, DayPraise } from './agent-trust.ts';
import { type Evidence, evidenceAt, FULL_RATING } from './evidence.ts';
import { smaller } from './fixed-point.ts';
import type { TrustModel } from './model.ts';
import { grantPraise } from './praise.ts';

/** What a peer's rating would add. */
export interface PeerClaim extends Evidence {
  readonly owner: string;
  readonly minute: number;
  readonly day: number;
}

/** What it adds, and the day's blame after it. */
export interface PeerGrant extends Evidence {
  readonly blame: DayPraise;
  readonly limitedBy: 'daily_cap' | 'peer_ceiling' | null;
}

/** Praise that a peer asks for, and which part of it is good evidence, in ten-thousandths. */
export interface PeerPraise {
  readonly asked: bigint;
  readonly goodPart: number;
  readonly minute: number;
}

/** As much of a peer's praise as there is room for: only that may use up the day's allowance, which people share. */
export function cutPeerPraise(subject: AgentTrust, claim: PeerPraise, model: TrustModel): bigint {
  const { peers } = model;
  if (peers === null) return claim.asked;
  const left = room(peers.maxGood, saidBy(subject, claim.minute, model).r);
  return smaller(claim.asked, (left * BigInt(FULL_RATING)) / BigInt(claim.goodPart));
}

/** Grants as much of a peer's rating as the limits leave. */
export function holdPeer(subject: AgentTrust, claim: PeerClaim, model: TrustModel): PeerGrant {
  const { peers } = model;
  if (peers === null) return { r: claim.r, s: claim.s, blame: subject.blame, limitedBy: null };
  const said = saidBy(subject, claim.minute, model);
  const ofDay = { owner: claim.owner, day: claim.day, weight: claim.s };
  const { granted, praise: blame } = grantPraise(subject.blame, ofDay, peers.blame);
  const r = smaller(claim.r, room(peers.maxGood, said.r));
  const s = smaller(granted, room(peers.maxBad, said.s));
  const full = r < claim.r || s < granted;
  const capped = granted < claim.s;
  return { r, s, blame, limitedBy: full ? 'peer_ceiling' : capped ? 'daily_cap' : null };
}

/** What is left of what peers said, at a minute. */
function saidBy({ peers, minute }: AgentTrust, atMinute: number, model: TrustModel): Evidence {
  return evidenceAt({ ...peers, minute }, atMinute, model);
}

function room(ceiling: bigint, used: bigint): bigint {
  return used < ceiling ? ceiling - used : 0n;
}
