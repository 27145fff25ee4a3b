import {
  type AgentIdentity,
  type AgentTrust,
  applyFact,
  DEFAULT_TRUST_MODEL,
  formatNano,
  initialTrust,
  parseNano,
  readTrust,
  type TrustFact,
  trustNumerics,
} from '@writ/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../test-store.fixture.ts';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.drop());

const MINUTES_PER_DAY = 1440;
const START = 20_000 * MINUTES_PER_DAY;

type Reading = {
  readonly trust: Pick<AgentTrust, 'r' | 's' | 'minute' | 'identity'>;
  readonly atMinute: number;
};

/** What SQL says of each reading: the bound with 9 decimals, and the score. */
async function readInSql(readings: readonly Reading[]) {
  const numerics = readings.map(({ trust }) => trustNumerics(trust));
  const { rows } = await store.pool.query<{ bound: string; score: number }>(
    `select trust_lower_bound(r, s, minute, at_minute, identity)::numeric(20, 9)::text as bound,
            trust_score(r, s, minute, at_minute, identity) as score
     from unnest($1::numeric[], $2::numeric[], $3::bigint[], $4::bigint[], $5::text[])
       with ordinality as t(r, s, minute, at_minute, identity, n) order by n`,
    [
      numerics.map(({ r }) => r),
      numerics.map(({ s }) => s),
      readings.map(({ trust }) => trust.minute),
      readings.map(({ atMinute }) => atMinute),
      readings.map(({ trust }) => trust.identity),
    ],
  );
  return rows;
}

function readInDomain(readings: readonly Reading[]) {
  return readings.map(({ trust, atMinute }) => {
    const reading = readTrust({ ...initialTrust(), ...trust }, atMinute, DEFAULT_TRUST_MODEL);
    return { bound: formatNano(reading.lowerBound), score: reading.score };
  });
}

/** The published vectors: evidence as the vectors give it when it was last written, and when it is read. */
const vectors: readonly (readonly [
  name: string,
  r: string,
  s: string,
  days: number,
  bound: string,
  score: number,
  identity?: AgentIdentity,
])[] = [
  ['V1', '0', '0', 0, '0.120852', 120],
  ['V2', '1', '0', 0, '0.253510', 253],
  ['V3', '0', '1', 0, '0.078257', 78],
  ['V4', '10', '0', 0, '0.698807', 698],
  ['V5', '100', '0', 0, '0.957245', 957],
  ['V6', '100', '1', 0, '0.943006', 943],
  ['V7', '100', '0', 30, '0.918278', 918],
  ['V8', '100', '25', 0, '0.730509', 730],
  ['V9', '100', '25', 90, '0.349092', 349],
  ['V10', '2', '2', 0, '0.221243', 221],
  ['V11', '2.423661', '4.811144', 10, '0.147458', 147],
  ['V12', '0', '5', 0, '0.032540', 32],
  ['V13', '0', '0', 0, '0.023563', 23, 'unverified'],
  ['V14', '3', '1', 0, '0.346991', 346],
  ['V15', '100', '0', 1 / 24, '0.957206', 957],
  ['V16', '100', '25', 0, '0.730509', 730],
];

describe('the score in SQL', () => {
  test.each(vectors)('%s holds to 6 decimals', async (_, r, s, days, bound, score, identity) => {
    const trust = {
      r: parseNano(r),
      s: parseNano(s),
      minute: START,
      identity: identity ?? 'verified',
    };
    const [said] = await readInSql([
      { trust, atMinute: START + Math.round(days * MINUTES_PER_DAY) },
    ]);
    expect(said?.score).toBe(score);
    expect(Number(said?.bound).toFixed(6)).toBe(bound);
  });

  test('equals the domain to the last digit on any evidence at any minute', async () => {
    const evidence = fc.bigInt({ min: 0n, max: 100_000_000_000n });
    const reading: fc.Arbitrary<Reading> = fc
      .record({
        r: evidence,
        s: fc.oneof(evidence, fc.bigInt({ min: 0n, max: 10n ** 15n })),
        minute: fc.integer({ min: 0, max: 40_000_000 }),
        identity: fc.constantFrom<AgentIdentity>('verified', 'unverified'),
        after: fc.oneof(
          fc.integer({ min: -1000, max: 300_000 }),
          fc.integer({ min: 0, max: 2 ** 40 }),
        ),
      })
      .map(({ after, ...trust }) => ({ trust, atMinute: trust.minute + after }));
    await fc.assert(
      fc.asyncProperty(fc.array(reading, { minLength: 50, maxLength: 100 }), async (readings) => {
        expect(await readInSql(readings)).toEqual(readInDomain(readings));
      }),
      { numRuns: 10 },
    );
  });

  test('equals the domain after any life of an agent', async () => {
    const facts = fc.array(
      fc.record({
        outcome: fc.constantFrom('succeeded', 'failed', 'timed_out' as const),
        rating: fc.integer({ min: 0, max: 10_000 }).map((value) => value / 10_000),
        feedback: fc.boolean(),
        minutes: fc.integer({ min: 0, max: 100_000 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(facts, fc.integer({ min: 0, max: 200_000 }), async (steps, later) => {
        let timeMs = START * 60_000;
        const trust = steps.reduce<AgentTrust>((subject, step, i) => {
          timeMs += step.minutes * 60_000;
          return applyFact({ subject }, factOf(step, { seq: i + 1, timeMs }), DEFAULT_TRUST_MODEL);
        }, initialTrust());
        const readings = [{ trust, atMinute: trust.minute + later }];
        expect(await readInSql(readings)).toEqual(readInDomain(readings));
      }),
      { numRuns: 60 },
    );
  });

  test('an unknown model gives no score rather than a wrong one', async () => {
    const { rows } = await store.pool.query(
      "select trust_score(1, 0, 0, 0, 'verified', 'other') as score",
    );
    expect(rows).toEqual([{ score: null }]);
  });
});

function factOf(
  step: { readonly outcome: string; readonly rating: number; readonly feedback: boolean },
  at: { readonly seq: number; readonly timeMs: number },
): TrustFact {
  const outcome = step.outcome === 'succeeded' ? 'succeeded' : 'failed';
  if (!step.feedback) return { kind: 'executionReported', agentId: 'a', outcome, ...at };
  return {
    kind: 'feedbackGiven',
    agentId: 'a',
    rating: step.rating,
    source: 'human',
    rater: 'h',
    raterOwner: 'h',
    ...at,
  };
}
