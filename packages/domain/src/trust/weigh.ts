/**
 * How much a fact weighs: severity × source × rater, with praise held to its limits.
 *
 * A rating is evidence of both kinds: a weight w and a rating o add w·o good and w·(1−o) bad evidence. All good evidence
 * counts as praise, that within a bad rating too; otherwise an agent could raise itself by owning up to a rating of 0.49.
 *
 * 1. Praise weighs nothing where it is the agent's own, its owner's, or came by way of a key that registered it, whatever
 *    the source claims to be.
 * 2. Praise per rater owner and per agent is limited per UTC day.
 * 3. What peers say, good or bad, is limited as a whole: no peer, and no ring of them, lifts or sinks an agent alone.
 * 4. Blame by people, systems and the agent itself is never limited, and a critical one latches the suspension.
 */

import { type AgentTrust, type DayPraise, initialTrust } from './agent-trust.ts';
import {
  type Evidence,
  evidenceAt,
  FULL_RATING,
  ratingInTenThousandths,
  splitWeight,
} from './evidence.ts';
import {
  type EvidenceFact,
  type ExecutionFact,
  type FeedbackFact,
  minuteOf,
  raterOf,
} from './facts.ts';
import { mulNano, NANO } from './fixed-point.ts';
import type { RatingSource, Severity, TrustModel } from './model.ts';
import { cutPeerPraise, holdPeer } from './peer-limits.ts';
import { grantPraise } from './praise.ts';
import { lowerBoundOf } from './score.ts';

/** The trust of the two agents a fact may name, as it stood before the fact; `undefined` for one without facts. */
export interface TrustParties {
  readonly subject: AgentTrust | undefined;
  /** The agent named by `raterOf`. */
  readonly rater?: AgentTrust | undefined;
}

/** Why a fact weighs less than its weight says. */
export type PraiseLimit = 'self_praise' | 'same_owner' | 'same_key' | 'daily_cap' | 'peer_ceiling';

/** A fact after weighing. */
export interface FactWeight {
  readonly seq: number;
  /** The minute the fact counts at: its own, or the subject's latest if that is later. */
  readonly minute: number;
  /** Severity × source × rater in billionths, before the limits on praise. */
  readonly weight: bigint;
  /** Good and bad evidence added, in billionths. */
  readonly r: bigint;
  readonly s: bigint;
  readonly limitedBy: PraiseLimit | null;
  /** Whether the fact suspends the agent until a person clears it. */
  readonly latches: boolean;
  readonly praise: DayPraise;
  readonly blame: DayPraise;
  /** What of `r` and `s` a peer said. */
  readonly fromPeers: Evidence;
}

/** What a fact says about the agent, whatever its kind; ratings in ten-thousandths. */
interface Report {
  readonly rating: number;
  readonly severity: Severity | undefined;
  readonly source: RatingSource;
  readonly praiseLimit: 'self_praise' | 'same_owner' | 'same_key' | null;
  /** Whose daily allowance praise, and blame by peers, is taken from. */
  readonly praiseOwner: string;
}

const MINUTES_PER_DAY = 24 * 60;
const GOOD_FROM = FULL_RATING / 2;

/** Weighs a fact against the trust of the agents it names; pure, and the one place where weights are made. */
export function weighFact(
  parties: TrustParties,
  fact: EvidenceFact,
  model: TrustModel,
): FactWeight {
  const subject = parties.subject ?? initialTrust();
  const minute = Math.max(subject.minute, minuteOf(fact.timeMs));
  const report =
    fact.kind === 'executionReported' ? executionReport(fact) : feedbackReport(fact, parties);
  if (report === null) {
    const nothing = { weight: 0n, r: 0n, s: 0n, limitedBy: null, latches: false };
    const { praise, blame } = subject;
    return { seq: fact.seq, minute, ...nothing, praise, blame, fromPeers: NOTHING };
  }
  const raterFactor =
    report.source === 'peer' ? peerFactor(parties.rater, fact, { minute, model }) : NANO;
  const base = mulNano(severityWeight(report, model), raterFactor);
  const praiseWeight = mulNano(base, model.source.good[report.source]);
  const blameWeight = mulNano(base, model.source.bad[report.source]);
  const good = report.rating >= GOOD_FROM;
  // A good rating asks for its whole weight and is split afterwards; a bad one asks for its good share only.
  const asked = good ? praiseWeight : splitWeight(praiseWeight, report.rating).r;
  const fromPeer = report.source === 'peer';
  const goodPart = good ? report.rating : FULL_RATING;
  const cut = fromPeer ? cutPeerPraise(subject, { asked, goodPart, minute }, model) : asked;
  const place = { owner: report.praiseOwner, day: Math.floor(minute / MINUTES_PER_DAY) };
  const claim = {
    ...place,
    weight: report.praiseLimit === null ? cut : 0n,
  };
  const { granted, praise } = grantPraise(subject.praise, claim, model.caps);
  const weight = good ? praiseWeight : blameWeight;
  const shares = good
    ? splitWeight(granted, report.rating)
    : { r: granted, s: splitWeight(blameWeight, report.rating).s };
  const held = fromPeer
    ? holdPeer(subject, { ...shares, ...place, minute }, model)
    : { ...shares, blame: subject.blame, limitedBy: null };
  const { r, s, blame } = held;
  return {
    seq: fact.seq,
    minute,
    weight,
    r,
    s,
    limitedBy: limitOf(report, granted < cut) ?? (cut < asked ? 'peer_ceiling' : held.limitedBy),
    latches: latches(report, weight),
    praise,
    blame,
    fromPeers: fromPeer ? { r, s } : NOTHING,
  };
}

const NOTHING: Evidence = { r: 0n, s: 0n };

/** A peer's word lowers a score, but never stops another agent by itself. */
function latches({ rating, severity, source }: Report, weight: bigint): boolean {
  return rating < GOOD_FROM && severity === 'critical' && source !== 'peer' && weight > 0n;
}

function limitOf(report: Report, capped: boolean): PraiseLimit | null {
  if (report.rating === 0) return null;
  return report.praiseLimit ?? (capped ? 'daily_cap' : null);
}

function executionReport(fact: ExecutionFact): Report | null {
  if (fact.outcome === 'cancelled') return null;
  return {
    rating: fact.outcome === 'succeeded' ? FULL_RATING : 0,
    severity: fact.severity,
    source: 'self',
    praiseLimit: 'self_praise',
    praiseOwner: fact.agentId,
  };
}

function feedbackReport(
  fact: FeedbackFact,
  { subject = initialTrust(), rater }: TrustParties,
): Report {
  const source = fact.raterAgentId === fact.agentId ? 'self' : fact.source;
  const sameOwner = subject.owner !== null && fact.raterOwner === subject.owner;
  const sameKey = source === 'peer' && shareKey(subject, rater, fact.givenBy) ? 'same_key' : null;
  return {
    rating: ratingInTenThousandths(fact.rating),
    severity: fact.severity,
    source,
    praiseLimit: source === 'self' ? 'self_praise' : sameOwner ? 'same_owner' : sameKey,
    // Agents without an owner share one allowance: otherwise new agents would be new allowances.
    praiseOwner: fact.raterOwner ?? (source === 'peer' ? '' : fact.rater),
  };
}

/** Owners are what agents say of themselves; the key that registered both, or that rates its own work, is proven. */
function shareKey(
  { registrars }: AgentTrust,
  rater: AgentTrust | undefined,
  givenBy: string | undefined,
): boolean {
  const others = rater?.registrars ?? [];
  return registrars.some((keyId) => keyId === givenBy || others.includes(keyId));
}

/** A peer counts as much as it is trusted at that moment; one that is not named counts nothing. */
function peerFactor(
  rater: AgentTrust | undefined,
  fact: EvidenceFact,
  at: { readonly minute: number; readonly model: TrustModel },
): bigint {
  if (raterOf(fact) === undefined) return 0n;
  const known = rater ?? initialTrust();
  return lowerBoundOf(evidenceAt(known, at.minute, at.model), known.identity, at.model);
}

/** The severity on the scale of the rating; one of the other scale says nothing about it and counts as the default. */
function severityWeight(report: Report, model: TrustModel): bigint {
  const { good, bad } = model.severity;
  const isGood = report.rating >= GOOD_FROM;
  switch (report.severity) {
    case 'trivial':
    case 'normal':
    case 'high':
      return isGood ? good[report.severity] : bad.minor;
    case 'minor':
    case 'major':
    case 'critical':
      return isGood ? good.normal : bad[report.severity];
    case undefined:
      return isGood ? good.normal : bad.minor;
  }
}
