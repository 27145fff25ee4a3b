/**
 * Parameters of the trust model. They are data with a version, published as an event, so that a score can be repeated
 * long after the parameters changed.
 */

import { createDecayTable, type DecayTable } from './decay.ts';
import { parseNano } from './fixed-point.ts';

export type GoodSeverity = 'trivial' | 'normal' | 'high';
export type BadSeverity = 'minor' | 'major' | 'critical';
export type Severity = GoodSeverity | BadSeverity;
export type RatingSource = 'human' | 'system' | 'peer' | 'self';

/** Whether the agent's identity is proven; an unproven newcomer starts lower. */
export type AgentIdentity = 'verified' | 'unverified';

/** Limits on praise, or blame, per agent and UTC day, in billionths of weight. */
export interface PraiseCaps {
  readonly perRaterOwner: bigint;
  readonly perAgent: bigint;
  /** Rater owners remembered per agent and day; what further owners say weighs nothing that day. */
  readonly raterOwners: number;
}

/**
 * Limits on what peers say, in billionths of weight. Rings of agents that praise each other cost nothing but names, so
 * whatever they are and however many, peers together move an agent by no more than this, up or down.
 */
export interface PeerLimits {
  /** Ceilings of the remaining good and bad evidence that came from peers. */
  readonly maxGood: bigint;
  readonly maxBad: bigint;
  /** What they may blame an agent for on one UTC day. */
  readonly blame: PraiseCaps;
}

/** All parameters of the model; fractions and weights in billionths. */
export interface TrustModel {
  readonly version: string;
  readonly goodDecay: DecayTable;
  readonly badDecay: DecayTable;
  /** Ceiling of remaining good evidence, so that a long record cannot hide one critical act. */
  readonly maxGood: bigint;
  /** W: how much evidence the prior is worth. */
  readonly priorWeight: bigint;
  /** a: the expectation without evidence. */
  readonly prior: Readonly<Record<AgentIdentity, bigint>>;
  /** z: one-sided normal quantile of the confidence of the lower bound. */
  readonly z: bigint;
  readonly severity: {
    readonly good: Readonly<Record<GoodSeverity, bigint>>;
    readonly bad: Readonly<Record<BadSeverity, bigint>>;
  };
  /** Weight of a source when it praises and when it blames; a peer's is multiplied by the peer's own lower bound. */
  readonly source: {
    readonly good: Readonly<Record<RatingSource, bigint>>;
    readonly bad: Readonly<Record<RatingSource, bigint>>;
  };
  /** `null` switches the daily limits off. */
  readonly caps: PraiseCaps | null;
  /** `null` lets peers say as much as they like. */
  readonly peers: PeerLimits | null;
}

const MINUTES_PER_DAY = 24 * 60;

/** The model of the first release: half-lives 30 and 90 days, W = 2, a = 0.5, z = 1.645 (one-sided 95 %). */
export const DEFAULT_TRUST_MODEL: TrustModel = {
  version: 'writ-trust-1',
  goodDecay: createDecayTable(30 * MINUTES_PER_DAY),
  badDecay: createDecayTable(90 * MINUTES_PER_DAY),
  maxGood: parseNano('100'),
  priorWeight: parseNano('2'),
  prior: { verified: parseNano('0.5'), unverified: parseNano('0.2') },
  z: parseNano('1.645'),
  severity: {
    good: { trivial: parseNano('0.25'), normal: parseNano('1'), high: parseNano('2') },
    bad: { minor: parseNano('1'), major: parseNano('5'), critical: parseNano('25') },
  },
  source: {
    good: {
      human: parseNano('1'),
      system: parseNano('1'),
      peer: parseNano('1'),
      self: parseNano('0'),
    },
    bad: {
      human: parseNano('1'),
      system: parseNano('1'),
      peer: parseNano('1'),
      self: parseNano('1'),
    },
  },
  caps: { perRaterOwner: parseNano('1'), perAgent: parseNano('5'), raterOwners: 256 },
  peers: {
    maxGood: parseNano('2'),
    maxBad: parseNano('2'),
    blame: { perRaterOwner: parseNano('1'), perAgent: parseNano('2'), raterOwners: 256 },
  },
};
