import {
  type AgentIdentity,
  type AgentTrust,
  applyFact,
  DEFAULT_TRUST_MODEL,
  formatNano,
  initialTrust,
  parseNano,
  publishedModel,
  readTrust,
  tenantModel,
  type TenantModelCommand,
  type TrustFact,
  type TrustModel,
  trustNumerics,
} from '@writ/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recorded } from '../recorded.fixture.ts';
import { openTestStore, type TestStore } from '../test-store.fixture.ts';
import { trustProjection } from './trust-projection.ts';

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
async function readInSql(readings: readonly Reading[], model = DEFAULT_TRUST_MODEL) {
  const numerics = readings.map(({ trust }) => trustNumerics(trust));
  const { rows } = await store.pool.query<{ bound: string; score: number }>(
    `select trust_lower_bound(r, s, minute, at_minute, identity, $6)::numeric(20, 9)::text as bound,
            trust_score(r, s, minute, at_minute, identity, $6) as score
     from unnest($1::numeric[], $2::numeric[], $3::bigint[], $4::bigint[], $5::text[])
       with ordinality as t(r, s, minute, at_minute, identity, n) order by n`,
    [
      numerics.map(({ r }) => r),
      numerics.map(({ s }) => s),
      readings.map(({ trust }) => trust.minute),
      readings.map(({ atMinute }) => atMinute),
      readings.map(({ trust }) => trust.identity),
      model.version,
    ],
  );
  return rows;
}

function readInDomain(readings: readonly Reading[], model = DEFAULT_TRUST_MODEL) {
  return readings.map(({ trust, atMinute }) => {
    const reading = readTrust({ ...initialTrust(), ...trust }, atMinute, model);
    return { bound: formatNano(reading.lowerBound), score: reading.score };
  });
}

type Vector = {
  readonly name: string;
  readonly r: string;
  readonly s: string;
  readonly minutesLater: number;
  readonly bound: string;
  readonly score: number;
  readonly identity?: AgentIdentity;
};

/** The published vectors: evidence when it was last written, and how long after that it is read. */
const vectors: readonly Vector[] = [
  { name: 'V1', r: '0', s: '0', minutesLater: 0, bound: '0.120852', score: 120 },
  { name: 'V2', r: '1', s: '0', minutesLater: 0, bound: '0.253510', score: 253 },
  { name: 'V3', r: '0', s: '1', minutesLater: 0, bound: '0.078257', score: 78 },
  { name: 'V4', r: '10', s: '0', minutesLater: 0, bound: '0.698807', score: 698 },
  { name: 'V5', r: '100', s: '0', minutesLater: 0, bound: '0.957245', score: 957 },
  { name: 'V6', r: '100', s: '1', minutesLater: 0, bound: '0.943006', score: 943 },
  {
    name: 'V7',
    r: '100',
    s: '0',
    minutesLater: 30 * MINUTES_PER_DAY,
    bound: '0.918278',
    score: 918,
  },
  { name: 'V8', r: '100', s: '25', minutesLater: 0, bound: '0.730509', score: 730 },
  {
    name: 'V9',
    r: '100',
    s: '25',
    minutesLater: 90 * MINUTES_PER_DAY,
    bound: '0.349092',
    score: 349,
  },
  { name: 'V10', r: '2', s: '2', minutesLater: 0, bound: '0.221243', score: 221 },
  {
    name: 'V11',
    r: '2.423661',
    s: '4.811144',
    minutesLater: 10 * MINUTES_PER_DAY,
    bound: '0.147458',
    score: 147,
  },
  { name: 'V12', r: '0', s: '5', minutesLater: 0, bound: '0.032540', score: 32 },
  {
    name: 'V13',
    r: '0',
    s: '0',
    minutesLater: 0,
    bound: '0.023563',
    score: 23,
    identity: 'unverified',
  },
  { name: 'V14', r: '3', s: '1', minutesLater: 0, bound: '0.346991', score: 346 },
  { name: 'V15', r: '100', s: '0', minutesLater: 60, bound: '0.957206', score: 957 },
  { name: 'V16', r: '100', s: '25', minutesLater: 0, bound: '0.730509', score: 730 },
];

const evidence = fc.bigInt({ min: 0n, max: 100_000_000_000n });
const reading: fc.Arbitrary<Reading> = fc
  .record({
    r: evidence,
    s: fc.oneof(evidence, fc.bigInt({ min: 0n, max: 10n ** 15n })),
    minute: fc.integer({ min: 0, max: 40_000_000 }),
    identity: fc.constantFrom<AgentIdentity>('verified', 'unverified'),
    after: fc.oneof(fc.integer({ min: -1000, max: 300_000 }), fc.integer({ min: 0, max: 2 ** 40 })),
  })
  .map(({ after, ...trust }) => ({ trust, atMinute: trust.minute + after }));

let published = 0;

/** Publishes parameters as a tenant's model, in rows as the projection writes them. */
async function publish(parameters: TenantModelCommand['parameters']): Promise<TrustModel> {
  const command = { type: 'PublishModel', parameters, note: null } as const;
  const [event] = tenantModel.decide(tenantModel.initial(), command);
  if (event === undefined) throw new Error('nothing was published');
  const data = { ...event.data, version: String(++published) };
  const at = { seq: published, tenant: 'acme' };
  const fold = trustProjection.open();
  fold.apply(recorded({ type: 'TrustModelPublished', data }, at));
  for (const set of fold.sets) {
    const statement = set.write();
    if (statement) await store.pool.query(statement.text, statement.values);
  }
  return publishedModel('acme', data);
}

describe('the score in SQL', () => {
  test.each(vectors)('$name holds to 6 decimals', async (vector) => {
    const { identity = 'verified' } = vector;
    const trust = { r: parseNano(vector.r), s: parseNano(vector.s), minute: START, identity };
    const [said] = await readInSql([{ trust, atMinute: START + vector.minutesLater }]);
    expect(said?.score).toBe(vector.score);
    expect(Number(said?.bound).toFixed(6)).toBe(vector.bound);
  });

  test.each(vectors)('$name holds under a published model that says the same', async (vector) => {
    const { identity = 'verified' } = vector;
    const model = await publish({ z: 1.645 });
    const trust = { r: parseNano(vector.r), s: parseNano(vector.s), minute: START, identity };
    const readings = [{ trust, atMinute: START + vector.minutesLater }];
    const [said] = await readInSql(readings, model);
    expect(said?.score).toBe(vector.score);
    expect(Number(said?.bound).toFixed(6)).toBe(vector.bound);
  });

  test('equals the domain to the last digit under any published model', async () => {
    const decimal = (min: number, max: number) =>
      fc.integer({ min: min * 10_000, max: max * 10_000 }).map((value) => value / 10_000);
    const parameters = fc.record({
      halfLifeMinutes: fc.record({
        good: fc.integer({ min: 1, max: 500_000 }),
        bad: fc.integer({ min: 1, max: 500_000 }),
      }),
      priorWeight: decimal(1, 20),
      prior: fc.record({ verified: decimal(0, 1), unverified: decimal(0, 1) }),
      z: decimal(1, 5),
    });
    const readings = fc.array(reading, { minLength: 30, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(parameters, readings, async (given, some) => {
        const model = await publish(given);
        expect(await readInSql(some, model)).toEqual(readInDomain(some, model));
      }),
      { numRuns: 10 },
    );
  });

  test('equals the domain to the last digit on any evidence at any minute', async () => {
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
