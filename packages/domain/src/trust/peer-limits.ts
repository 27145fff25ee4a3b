/**
 * Limits on what peers say. A peer is an agent like any other: a ring of them praises itself for nothing, and a rival
 * blames as easily as it praises. So all peers together move an agent by a bounded amount of evidence, and those of one
 * owner by a part of it a day.
 */

import type { AgentTrust, DayPraise } from './agent-trust.ts';
import { type Evidence, evidenceAt } from './evidence.ts';
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

/** Grants as much of a peer's rating as the limits leave. */
export function holdPeer(subject: AgentTrust, claim: PeerClaim, model: TrustModel): PeerGrant {
  const { peers } = model;
  if (peers === null) return { r: claim.r, s: claim.s, blame: subject.blame, limitedBy: null };
  const said = evidenceAt({ ...subject.peers, minute: subject.minute }, claim.minute, model);
  const ofDay = { owner: claim.owner, day: claim.day, weight: claim.s };
  const { granted, praise: blame } = grantPraise(subject.blame, ofDay, peers.blame);
  const r = smaller(claim.r, room(peers.maxGood, said.r));
  const s = smaller(granted, room(peers.maxBad, said.s));
  const full = r < claim.r || s < granted;
  const capped = granted < claim.s;
  return { r, s, blame, limitedBy: full ? 'peer_ceiling' : capped ? 'daily_cap' : null };
}

function room(ceiling: bigint, used: bigint): bigint {
  return used < ceiling ? ceiling - used : 0n;
}
