/**
 * Trust: how much an agent's record speaks for it, as an integer from 0 to 1000 that may only narrow what it may do.
 *
 * Every fact adds good or bad evidence by its weight; evidence is forgotten exponentially, the good faster than the bad;
 * the score is a cautious bound, so that little evidence is a low score and a newcomer has nothing to lose by waiting and
 * nothing to win by a new name. Sources: A. Jøsang, R. Ismail, "The Beta Reputation System", Bled 2002; E. B. Wilson,
 * J. Am. Stat. Assoc. 22, 1927.
 */

export {
  type AgentTrust,
  type AgentTrustJson,
  type DayPraise,
  initialTrust,
  type OwnerPraise,
  trustFromJson,
  trustNumerics,
  trustToJson,
} from './agent-trust.ts';
export { createDecayTable, type DecayTable } from './decay.ts';
export type { Evidence } from './evidence.ts';
export {
  type ExplainedFact,
  explainTrust,
  type TrustContribution,
  type TrustExplanation,
} from './explain.ts';
export {
  type EvidenceFact,
  type ExecutionFact,
  type FeedbackFact,
  minuteOf,
  type OwnerFact,
  raterOf,
  type SuspensionClearedFact,
  type TrustFact,
} from './facts.ts';
export { formatNano, NANO, parseNano } from './fixed-point.ts';
export { applyFact, applyWeight } from './ledger.ts';
export {
  type AgentIdentity,
  type BadSeverity,
  DEFAULT_TRUST_MODEL,
  type GoodSeverity,
  type PeerLimits,
  type PraiseCaps,
  type RatingSource,
  type Severity,
  type TrustModel,
} from './model.ts';
export {
  type ScoreSqlTables,
  scoreSqlTables,
  type TrustModelJson,
  trustModelFromJson,
  trustModelToJson,
} from './model-json.ts';
export { readTrust, type TrustReading, type TrustScore } from './score.ts';
export { type FactWeight, type PraiseLimit, type TrustParties, weighFact } from './weigh.ts';
