import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AgentTrust, initialTrust, trustFromJson, trustToJson } from './agent-trust.ts';
import { evidenceAt } from './evidence.ts';
import { type FeedbackFact, minuteOf, raterOf, type TrustFact } from './facts.ts';
import { NANO } from './fixed-point.ts';
import { applyFact } from './ledger.ts';
import { DEFAULT_TRUST_MODEL as model, type TrustModel } from './model.ts';
import { readTrust } from './score.ts';

type Ledger = Map<string, AgentTrust>;

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const AGENTS = ['a', 'b', 'c'] as const;

const agent = fc.constantFrom(...AGENTS);
const owner = fc.constantFrom('team-x', 'team-y', null);
const severity = fc.constantFrom('trivial', 'normal', 'high', 'minor', 'major', 'critical');
const blame = fc.constantFrom('minor', 'major', 'critical');
const rating = fc.integer({ min: 0, max: 10_000 }).map((parts) => parts / 10_000);
// Up to 40 days, in any order: time may run backwards between two facts.
const timeMs = fc
  .integer({ min: 0, max: 40 * 1440 * 60 })
  .map((seconds) => START_MS + seconds * 1000);
const seq = fc.integer({ min: 1, max: 1_000_000 });

const execution: fc.Arbitrary<TrustFact> = fc.record(
  {
    kind: fc.constant('executionReported'),
    agentId: agent,
    outcome: fc.constantFrom('succeeded', 'failed', 'cancelled', 'timed_out'),
    severity: blame,
    seq,
    timeMs,
  },
  { requiredKeys: ['kind', 'agentId', 'outcome', 'seq', 'timeMs'] },
);

const feedback: fc.Arbitrary<FeedbackFact> = fc.record(
  {
    kind: fc.constant('feedbackGiven'),
    agentId: agent,
    rating,
    source: fc.constantFrom('human', 'system', 'peer', 'self'),
    rater: fc.constantFrom('usr_a', 'usr_b', ...AGENTS),
    raterOwner: owner,
    raterAgentId: agent,
    severity,
    seq,
    timeMs,
  },
  { requiredKeys: ['kind', 'agentId', 'rating', 'source', 'rater', 'raterOwner', 'seq', 'timeMs'] },
);

const ownership: fc.Arbitrary<TrustFact> = fc.record({
  kind: fc.constant('ownerKnown'),
  agentId: agent,
  owner,
});
const clearing: fc.Arbitrary<TrustFact> = fc.record({
  kind: fc.constant('suspensionCleared'),
  agentId: agent,
  timeMs,
});
const fact = fc.oneof(
  { weight: 6, arbitrary: feedback },
  { weight: 4, arbitrary: execution },
  ownership,
  clearing,
);
const history = fc.array(fact, { maxLength: 40 });

function fold(facts: readonly TrustFact[], ledger: Ledger = new Map()): Ledger {
  for (const each of facts) step(ledger, each);
  return ledger;
}

function step(ledger: Ledger, each: TrustFact, using: TrustModel = model): AgentTrust {
  const rater = raterOf(each);
  const parties = {
    subject: ledger.get(each.agentId),
    rater: rater === undefined ? undefined : ledger.get(rater),
  };
  const next = applyFact(parties, each, using);
  ledger.set(each.agentId, next);
  return next;
}

const stored = (ledger: Ledger): string =>
  JSON.stringify([...ledger].map(([agentId, trust]) => [agentId, trustToJson(trust)]));

const restored = (ledger: Ledger): Ledger =>
  new Map(
    [...ledger].map(([agentId, trust]) => [
      agentId,
      trustFromJson(JSON.parse(JSON.stringify(trustToJson(trust)))),
    ]),
  );

/** The trust of a fact's agent just before and just after it, both read at the minute of the fact. */
function aroundFact(before: readonly TrustFact[], last: TrustFact, using: TrustModel = model) {
  const ledger = fold(before);
  const subject = ledger.get(last.agentId) ?? initialTrust();
  const after = step(ledger, last, using);
  return {
    before: readTrust(subject, after.minute, using),
    after: readTrust(after, after.minute, using),
  };
}

function distance(left: bigint, right: bigint): bigint {
  return left < right ? right - left : left - right;
}

describe('folding', () => {
  test('in batches, through storage, gives the same bytes as one by one', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 7 }), (facts, size) => {
        let ledger: Ledger = new Map();
        for (let from = 0; from < facts.length; from += size) {
          ledger = fold(facts.slice(from, from + size), restored(ledger));
        }
        expect(stored(ledger)).toBe(stored(fold(facts)));
      }),
    );
  });

  test('what is stored is restored', () => {
    fc.assert(
      fc.property(history, (facts) => {
        const ledger = fold(facts);
        expect(restored(ledger)).toEqual(ledger);
      }),
    );
  });

  test('touches neither the states nor the facts it is given', () => {
    fc.assert(
      fc.property(history, fact, (facts, last) => {
        const ledger = fold(facts);
        const [before, told] = [stored(ledger), JSON.stringify(last)];
        const parties = {
          subject: ledger.get(last.agentId),
          rater: ledger.get(raterOf(last) ?? ''),
        };
        applyFact(parties, last, model);
        expect([stored(ledger), JSON.stringify(last)]).toEqual([before, told]);
      }),
    );
  });

  test('never lets time run backwards', () => {
    fc.assert(
      fc.property(history, (facts) => {
        const ledger: Ledger = new Map();
        const latest = new Map<string, number>();
        for (const each of facts) {
          const trust = step(ledger, each);
          if (each.kind === 'executionReported' || each.kind === 'feedbackGiven') {
            latest.set(
              each.agentId,
              Math.max(latest.get(each.agentId) ?? 0, minuteOf(each.timeMs)),
            );
          }
          expect(trust.minute).toBe(latest.get(each.agentId) ?? 0);
        }
      }),
    );
  });

  test('reads late facts as if they had come at the latest time seen', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(feedback, execution), { maxLength: 30 }), (mixed) => {
        const facts = mixed.map((each) => ({ ...each, agentId: 'a' }));
        let latest = 0;
        const ordered = facts.map((each) => {
          latest = Math.max(latest, 'timeMs' in each ? each.timeMs : 0);
          return { ...each, timeMs: latest };
        });
        expect(stored(fold(ordered))).toBe(stored(fold(facts)));
      }),
    );
  });
});

describe('reading', () => {
  test('changes nothing, however often', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(60 * 1440), { maxLength: 5 }), (facts, minutes) => {
        const ledger = fold(facts);
        const before = stored(ledger);
        for (const trust of ledger.values()) {
          for (const later of minutes) readTrust(trust, minuteOf(START_MS) + later, model);
          const [first, second] = [1, 2].map(() => readTrust(trust, trust.minute + 1000, model));
          expect(first).toEqual(second);
        }
        expect(stored(ledger)).toBe(before);
      }),
    );
  });

  test('stays within bounds', () => {
    fc.assert(
      fc.property(history, fc.nat(400 * 1440), (facts, later) => {
        for (const trust of fold(facts).values()) {
          const reading = readTrust(trust, trust.minute + later, model);
          expect(reading.r >= 0n && reading.r <= model.maxGood && reading.s >= 0n).toBe(true);
          expect(reading.lowerBound >= 0n && reading.lowerBound <= reading.expected).toBe(true);
          expect(reading.expected <= NANO).toBe(true);
          expect(reading.uncertainty > 0n && reading.uncertainty <= NANO).toBe(true);
          expect(
            reading.score >= 0 && reading.score <= 1000 && Number.isInteger(reading.score),
          ).toBe(true);
        }
      }),
    );
  });
});

describe('one more fact', () => {
  test('of an agent about itself never raises its score', () => {
    const aboutSelf = fc.oneof(
      execution,
      feedback.map((each) => ({ ...each, source: 'self' as const })),
      feedback.map((each) => ({ ...each, raterAgentId: each.agentId })),
    );
    fc.assert(
      fc.property(history, aboutSelf, (facts, last) => {
        const { before, after } = aroundFact(facts, last);
        expect(after.lowerBound <= before.lowerBound).toBe(true);
      }),
    );
  });

  test('from the owner of the agent never raises its score', () => {
    fc.assert(
      fc.property(history, feedback, (facts, last) => {
        const owned = { ...last, raterOwner: 'team-x' };
        const known: TrustFact = { kind: 'ownerKnown', agentId: last.agentId, owner: 'team-x' };
        const { before, after } = aroundFact([...facts, known], owned);
        expect(after.lowerBound <= before.lowerBound).toBe(true);
      }),
    );
  });

  test('rated 1 never lowers the score', () => {
    fc.assert(
      fc.property(history, feedback, (facts, last) => {
        const { before, after } = aroundFact(facts, { ...last, rating: 1 });
        expect(after.lowerBound >= before.lowerBound).toBe(true);
      }),
    );
  });

  test('rated 0 or reported as failed never raises the score', () => {
    const failure = fc.oneof(
      feedback.map((each) => ({ ...each, rating: 0 })),
      execution.map((each) => ({ ...each, outcome: 'failed' as const }) as TrustFact),
    );
    fc.assert(
      fc.property(history, failure, (facts, last) => {
        const { before, after } = aroundFact(facts, last);
        expect(after.lowerBound <= before.lowerBound).toBe(true);
      }),
    );
  });

  test('moves the expectation towards the rating where no limit cuts it', () => {
    const unlimited = { ...model, caps: null };
    fc.assert(
      fc.property(history, feedback, (facts, last) => {
        const judged = {
          ...last,
          source: 'human' as const,
          raterAgentId: 'elsewhere',
          raterOwner: 'usr_z',
        };
        const { before, after } = aroundFact(facts, judged, unlimited);
        fc.pre(after.r < unlimited.maxGood);
        const target = BigInt(Math.round(last.rating * 10_000)) * 100_000n;
        // Each expectation is rounded by at most half a billionth, each share by as much.
        expect(distance(after.expected, target) <= distance(before.expected, target) + 2n).toBe(
          true,
        );
      }),
    );
  });

  test('and any number on one day add at most the daily limit', () => {
    const sameDay = fc.array(feedback, { maxLength: 60 });
    fc.assert(
      fc.property(sameDay, (facts) => {
        const today = facts.map((each) => ({
          ...each,
          agentId: 'a',
          timeMs: START_MS + (each.timeMs % (1440 * MINUTE_MS)),
        }));
        const trust = fold(today).get('a') ?? initialTrust();
        expect(trust.r <= 5n * NANO && trust.praise.total <= 5n * NANO).toBe(true);
        for (const { weight } of trust.praise.byOwner)
          expect(weight > 0n && weight <= NANO).toBe(true);
        const sum = trust.praise.byOwner.reduce((total, { weight }) => total + weight, 0n);
        expect(trust.praise.total).toBe(sum);
      }),
    );
  });

  test('changes no more than what is left plus what arrived', () => {
    fc.assert(
      fc.property(history, feedback, (facts, last) => {
        const ledger = fold(facts);
        const subject = ledger.get(last.agentId) ?? initialTrust();
        const after = step(ledger, last);
        const left = evidenceAt(subject, after.minute, model);
        expect(after.r >= left.r && after.s >= left.s).toBe(true);
        expect(after.r - left.r + (after.s - left.s) <= 25n * NANO).toBe(true);
      }),
    );
  });
});
