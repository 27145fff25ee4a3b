/**
 * The facts that trust is folded from, in the order of the log. They are plain data that callers take from events, so
 * that this model depends on no event schema and old events keep their meaning.
 */

import type { AgentIdentity, BadSeverity, RatingSource, Severity } from './model.ts';

/** An agent's own report of what it did: a self report, so success weighs nothing and failure counts in full. */
export interface ExecutionFact {
  readonly kind: 'executionReported';
  readonly agentId: string;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | 'timed_out';
  readonly severity?: BadSeverity;
  readonly seq: number;
  readonly timeMs: number;
}

/** A rating of an agent by a person, a validator, another agent or the agent itself. */
export interface FeedbackFact {
  readonly kind: 'feedbackGiven';
  readonly agentId: string;
  /** From 0 to 1 with at most 4 decimals; 0.5 and above is good, below is bad. */
  readonly rating: number;
  readonly source: RatingSource;
  readonly rater: string;
  /** Who owns the rater when the rating is given; for a person the person. */
  readonly raterOwner: string | null;
  /** The rating agent, when the rater is one. */
  readonly raterAgentId?: string;
  /** The key that gave the rating. */
  readonly givenBy?: string;
  readonly severity?: Severity;
  readonly seq: number;
  readonly timeMs: number;
}

/** Who owns an agent and whether its identity is proven (unchanged when absent, `verified` for a newcomer). */
export interface OwnerFact {
  readonly kind: 'ownerKnown';
  readonly agentId: string;
  readonly owner: string | null;
  /** The key that registered it, but for an admin's. */
  readonly registrar?: string;
  readonly identity?: AgentIdentity;
}

/** A person lifted the suspension that a critical event had latched. */
export interface SuspensionClearedFact {
  readonly kind: 'suspensionCleared';
  readonly agentId: string;
  readonly timeMs: number;
}

/** A fact that carries evidence about an agent. */
export type EvidenceFact = ExecutionFact | FeedbackFact;

export type TrustFact = EvidenceFact | OwnerFact | SuspensionClearedFact;

/** The agent whose trust must be at hand to weigh a fact: the peer that gave the rating. */
export function raterOf(fact: TrustFact): string | undefined {
  if (fact.kind !== 'feedbackGiven' || fact.source !== 'peer') return undefined;
  return fact.raterAgentId === fact.agentId ? undefined : fact.raterAgentId;
}

/** Whole minutes since 1970-01-01T00:00Z, the clock of the model. */
export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / 60_000);
}
