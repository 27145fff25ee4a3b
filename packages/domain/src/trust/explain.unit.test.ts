import { describe, expect, test } from 'vitest';
import { type AgentTrust, initialTrust } from './agent-trust.ts';
import { explainTrust } from './explain.ts';
import type { EvidenceFact } from './facts.ts';
import { parseNano } from './fixed-point.ts';
import { applyFact, applyWeight } from './ledger.ts';
import { DEFAULT_TRUST_MODEL, type TrustModel } from './model.ts';
import { readTrust } from './score.ts';
import { type FactWeight, weighFact } from './weigh.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 20);
const START = START_MS / MINUTE_MS;
const DAY = 1440;

function rated(
  seq: number,
  day: number,
  rating: number,
  severity: 'normal' | 'high' | 'major' | 'critical',
): EvidenceFact {
  const from = { source: 'human', rater: `usr_${seq}`, raterOwner: `usr_${seq}` } as const;
  return {
    kind: 'feedbackGiven',
    agentId: 'a',
    rating,
    severity,
    ...from,
    seq,
    timeMs: START_MS + day * DAY * MINUTE_MS,
  };
}

function weighed(facts: readonly EvidenceFact[], model: TrustModel = DEFAULT_TRUST_MODEL) {
  const history: FactWeight[] = [];
  let trust: AgentTrust = initialTrust();
  for (const fact of facts) {
    const weight = weighFact({ subject: trust }, fact, model);
    history.push(weight);
    trust = applyWeight(trust, weight, model);
  }
  return { trust, history };
}

describe('an explanation', () => {
  const facts = [
    rated(1, 0, 1, 'normal'),
    rated(2, 10, 1, 'normal'),
    rated(3, 15, 0, 'major'),
    rated(4, 20, 1, 'normal'),
  ];

  test('is of the same trust that folding the facts gives', () => {
    const folded = facts.reduce(
      (subject, fact) => applyFact({ subject }, fact, DEFAULT_TRUST_MODEL),
      initialTrust(),
    );
    expect(weighed(facts).trust).toEqual(folded);
  });

  test('names every fact with its age and what is left of it, the most effective first', () => {
    const { reading, contributions } = explainTrust(
      weighed(facts),
      START + 30 * DAY,
      DEFAULT_TRUST_MODEL,
    );

    expect(reading).toEqual(readTrust(weighed(facts).trust, START + 30 * DAY, DEFAULT_TRUST_MODEL));
    expect(contributions.map(({ seq, ageMinutes }) => [seq, ageMinutes / DAY])).toEqual([
      [3, 15],
      [4, 10],
      [2, 20],
      [1, 30],
    ]);
    expect(contributions[0]).toMatchObject({
      weight: parseNano('5'),
      remaining: { r: 0n, s: 4_454_493_591n },
    });
    expect(contributions[3]).toMatchObject({
      weight: parseNano('1'),
      remaining: { r: 500_000_000n, s: 0n },
    });
    expect(contributions.map(({ effect }) => effect > 0n)).toEqual([false, true, true, true]);
  });

  test('accounts for all of the evidence', () => {
    const { reading, contributions } = explainTrust(
      weighed(facts),
      START + 30 * DAY,
      DEFAULT_TRUST_MODEL,
    );
    const left = contributions.reduce(
      (sum, { remaining }) => ({ r: sum.r + remaining.r, s: sum.s + remaining.s }),
      {
        r: 0n,
        s: 0n,
      },
    );
    // Each fact is rounded once here and once for every later fact in the fold, by at most half a billionth.
    expect(Math.abs(Number(left.r - reading.r))).toBeLessThanOrEqual(facts.length);
    expect(Math.abs(Number(left.s - reading.s))).toBeLessThanOrEqual(facts.length);
  });

  test('says which limit cut a fact', () => {
    const self = { ...rated(1, 0, 1, 'normal'), source: 'self' } as EvidenceFact;
    const { contributions } = explainTrust(
      weighed([self, rated(2, 0, 1, 'high')]),
      START,
      DEFAULT_TRUST_MODEL,
    );
    expect(contributions.map(({ seq, limitedBy }) => [seq, limitedBy])).toEqual([
      [2, 'daily_cap'],
      [1, 'self_praise'],
    ]);
  });

  test('gives no effect to one good fact among more than the ceiling holds', () => {
    const model = { ...DEFAULT_TRUST_MODEL, caps: null };
    const praised = Array.from({ length: 150 }, (_, index) => rated(index + 1, 0, 1, 'normal'));
    const { contributions } = explainTrust(
      weighed([...praised, rated(151, 0, 0, 'critical')], model),
      START,
      model,
    );
    expect(contributions[0]).toMatchObject({ seq: 151, weight: parseNano('25') });
    expect(contributions[1]).toMatchObject({ seq: 1, effect: 0n });
  });

  test('of a part of the history explains that part', () => {
    const { trust, history } = weighed(facts);
    const { contributions } = explainTrust(
      { trust, history: history.slice(2) },
      START + 30 * DAY,
      DEFAULT_TRUST_MODEL,
    );
    const whole = explainTrust(
      { trust, history },
      START + 30 * DAY,
      DEFAULT_TRUST_MODEL,
    ).contributions;
    expect(contributions).toEqual(whole.slice(0, 2));
  });
});
