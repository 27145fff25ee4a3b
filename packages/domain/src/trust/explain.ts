/**
 * Why a score is what it is: the facts behind it, each with what is left of its weight and what it does to the score.
 */

import type { AgentTrust } from './agent-trust.ts';
import { type Evidence, evidenceAt } from './evidence.ts';
import type { TrustModel } from './model.ts';
import { lowerBoundOf, readTrust, type TrustReading } from './score.ts';
import type { FactWeight, PraiseLimit } from './weigh.ts';

/** One fact's part in a reading; weights and effect in billionths. */
export interface TrustContribution {
  readonly seq: number;
  readonly weight: bigint;
  readonly ageMinutes: number;
  /** Good and bad evidence of this fact that is left at the reading. */
  readonly remaining: Evidence;
  /** The lower bound minus what it would be without this fact's remaining evidence. */
  readonly effect: bigint;
  readonly limitedBy: PraiseLimit | null;
}

/** A reading and its facts, those that move the score most first. */
export interface TrustExplanation {
  readonly reading: TrustReading;
  readonly contributions: readonly TrustContribution[];
}

/** What an explanation reads of a weighed fact. */
export type ExplainedFact = Pick<FactWeight, 'seq' | 'minute' | 'weight' | 'r' | 's' | 'limitedBy'>;

/** Explains a reading by the weighed facts of the agent; a part of its history explains a part of its score. */
export function explainTrust(
  known: { readonly trust: AgentTrust; readonly history: readonly ExplainedFact[] },
  minute: number,
  model: TrustModel,
): TrustExplanation {
  const reading = readTrust(known.trust, minute, model);
  const aged = known.history.map((fact) => ({
    fact,
    remaining: evidenceAt(fact, reading.minute, model),
  }));
  // The ceiling on good evidence cut off this much: taking a fact away lets the excess fill its place first.
  const excess = aged.reduce((sum, { remaining }) => sum + remaining.r, 0n) - reading.r;
  const contributions = aged.map(({ fact, remaining }) => ({
    seq: fact.seq,
    weight: fact.weight,
    ageMinutes: reading.minute - fact.minute,
    remaining,
    effect:
      reading.lowerBound -
      lowerBoundOf(
        {
          r: reading.r - atMost(remaining.r - (excess > 0n ? excess : 0n), reading.r),
          s: reading.s - atMost(remaining.s, reading.s),
        },
        known.trust.identity,
        model,
      ),
    limitedBy: fact.limitedBy,
  }));
  return { reading, contributions: contributions.sort(byEffect) };
}

/** A part of a whole, kept between nothing and all of it. */
function atMost(part: bigint, whole: bigint): bigint {
  if (part < 0n) return 0n;
  return part < whole ? part : whole;
}

function byEffect(left: TrustContribution, right: TrustContribution): number {
  const [leftSize, rightSize] = [absolute(left.effect), absolute(right.effect)];
  if (leftSize !== rightSize) return leftSize > rightSize ? -1 : 1;
  return left.seq - right.seq;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
