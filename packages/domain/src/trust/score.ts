/**
 * From evidence to a score from 0 to 1000.
 *
 * The expectation is that of a Beta distribution over good (r) and bad (s) evidence with a prior `a` of weight `W`:
 * A. Jøsang, R. Ismail, "The Beta Reputation System", 15th Bled Electronic Commerce Conference, 2002; `u = W/n` is the
 * uncertainty of subjective logic. The score is cautious: the lower bound of the interval of E. B. Wilson, "Probable
 * Inference, the Law of Succession, and Statistical Inference", J. Am. Stat. Assoc. 22 (1927), with n = r + s + W:
 *
 *     p = (r + W·a) / n        L = (p + z²/2n − z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)        score = ⌊1000·L⌋
 *
 * Multiplied by n, with A = r + W·a and B = n − A, one root and one division are left:
 *
 *     L = (A + z²/2 − √(z²·A·B/n + z⁴/4)) / (n + z²)
 *
 * Inner steps keep 18 decimals and are rounded down; L, E and u are rounded half up to 9 decimals, the score is taken from
 * that L. Anything that repeats these steps on the same integers, SQL for one, gets the same score.
 */

import type { AgentTrust } from './agent-trust.ts';
import { type Evidence, evidenceAt } from './evidence.ts';
import { divideHalfUp, isqrt, mulNano, NANO } from './fixed-point.ts';
import type { AgentIdentity, TrustModel } from './model.ts';

/** Expectation, uncertainty and lower bound in billionths, and the score from 0 to 1000. */
export interface TrustScore {
  readonly expected: bigint;
  readonly uncertainty: bigint;
  readonly lowerBound: bigint;
  readonly score: number;
}

/** An agent's trust as seen at one minute. */
export interface TrustReading extends Evidence, TrustScore {
  readonly minute: number;
  readonly suspended: boolean;
  readonly modelVersion: string;
}

/** The lower bound L in billionths. */
export function lowerBoundOf(
  evidence: Evidence,
  identity: AgentIdentity,
  model: TrustModel,
): bigint {
  const expectedGood = evidence.r + mulNano(model.priorWeight, model.prior[identity]);
  const total = evidence.r + evidence.s + model.priorWeight;
  const good18 = expectedGood * NANO;
  const total18 = total * NANO;
  const z2 = model.z * model.z;
  const spread = (z2 * good18 * (total18 - good18)) / total18;
  const root = isqrt(spread + (z2 * z2) / 4n);
  return divideHalfUp((good18 + z2 / 2n - root) * NANO, total18 + z2);
}

/** Expectation, uncertainty, lower bound and score of evidence. */
export function scoreOf(
  evidence: Evidence,
  identity: AgentIdentity,
  model: TrustModel,
): TrustScore {
  const expectedGood = evidence.r + mulNano(model.priorWeight, model.prior[identity]);
  const total = evidence.r + evidence.s + model.priorWeight;
  const lowerBound = lowerBoundOf(evidence, identity, model);
  return {
    expected: divideHalfUp(expectedGood * NANO, total),
    uncertainty: divideHalfUp(model.priorWeight * NANO, total),
    lowerBound,
    score: Number((lowerBound * 1000n) / NANO),
  };
}

/** Reads an agent's trust at a minute; reading decays a copy and changes nothing. */
export function readTrust(trust: AgentTrust, minute: number, model: TrustModel): TrustReading {
  const evidence = evidenceAt(trust, minute, model);
  return {
    ...evidence,
    ...scoreOf(evidence, trust.identity, model),
    minute: Math.max(trust.minute, minute),
    suspended: trust.latchedBy !== null,
    modelVersion: model.version,
  };
}
