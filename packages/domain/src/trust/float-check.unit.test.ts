/** A second implementation of the model in floating point, written from the formulas and sharing no code with the first. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { initialTrust } from './agent-trust.ts';
import type { FeedbackFact } from './facts.ts';
import { applyFact } from './ledger.ts';
import { DEFAULT_TRUST_MODEL } from './model.ts';
import { readTrust } from './score.ts';

const SEVERITY = { trivial: 0.25, normal: 1, high: 2, minor: 1, major: 5, critical: 25 } as const;
const MINUTE_MS = 60_000;
const START_MINUTE = 29_000_000;

interface FloatState {
  readonly r: number;
  readonly s: number;
  readonly minute: number;
}

function floatDecayed({ r, s, minute }: FloatState, at: number): FloatState {
  return {
    r: r * 2 ** (-(at - minute) / 43_200),
    s: s * 2 ** (-(at - minute) / 129_600),
    minute: at,
  };
}

function floatFold(state: FloatState, fact: FeedbackFact): FloatState {
  const { r, s, minute } = floatDecayed(state, fact.timeMs / MINUTE_MS);
  const weight = SEVERITY[fact.severity ?? 'normal'];
  return { r: Math.min(100, r + weight * fact.rating), s: s + weight * (1 - fact.rating), minute };
}

function floatLowerBound(r: number, s: number, a: number): number {
  const [W, z] = [2, 1.645];
  const n = r + s + W;
  const p = (r + W * a) / n;
  return (
    (p + (z * z) / (2 * n) - z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) /
    (1 + (z * z) / n)
  );
}

const rating = fc.oneof(
  fc.record({
    parts: fc.integer({ min: 5000, max: 10_000 }),
    severity: fc.constantFrom('trivial', 'normal', 'high'),
    wait: fc.integer({ min: 0, max: 60_000 }),
  }),
  fc.record({
    parts: fc.integer({ min: 0, max: 4999 }),
    severity: fc.constantFrom('minor', 'major', 'critical'),
    wait: fc.integer({ min: 0, max: 60_000 }),
  }),
);

test('the fixed-point model is within 1e-9 of the same model in floating point', () => {
  const model = { ...DEFAULT_TRUST_MODEL, caps: null };
  fc.assert(
    fc.property(
      fc.array(rating, { maxLength: 12 }),
      fc.nat(200_000),
      fc.boolean(),
      (ratings, rest, verified) => {
        let minute = START_MINUTE;
        let exact = {
          ...initialTrust(),
          identity: verified ? ('verified' as const) : ('unverified' as const),
        };
        let float: FloatState = { r: 0, s: 0, minute };
        ratings.forEach(({ parts, severity, wait }, seq) => {
          minute += wait;
          const from = { source: 'human', rater: 'usr_a', raterOwner: 'usr_a' } as const;
          const fact = {
            ...from,
            rating: parts / 10_000,
            severity,
            seq,
            timeMs: minute * MINUTE_MS,
          };
          exact = {
            ...exact,
            ...applyFact(
              { subject: exact },
              { kind: 'feedbackGiven', agentId: 'a', ...fact },
              model,
            ),
          };
          float = floatFold(float, { kind: 'feedbackGiven', agentId: 'a', ...fact });
        });
        const { r, s } = floatDecayed(float, minute + rest);
        const difference =
          Number(readTrust(exact, minute + rest, model).lowerBound) -
          floatLowerBound(r, s, verified ? 0.5 : 0.2) * 1e9;
        expect(Math.abs(difference)).toBeLessThan(1);
      },
    ),
    { numRuns: 1000 },
  );
});
