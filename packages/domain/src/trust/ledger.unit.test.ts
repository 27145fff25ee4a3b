import { describe, expect, test } from 'vitest';
import { type AgentTrust, initialTrust, trustNumerics } from './agent-trust.ts';
import { type ExecutionFact, type FeedbackFact, raterOf, type TrustFact } from './facts.ts';
import { parseNano } from './fixed-point.ts';
import { applyFact } from './ledger.ts';
import { DEFAULT_TRUST_MODEL as model } from './model.ts';
import { readTrust } from './score.ts';

const NOON_MS = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const AGENT = 'shop:painter';

let seq = 0;

function execution(
  outcome: ExecutionFact['outcome'],
  more: Partial<ExecutionFact> = {},
): ExecutionFact {
  seq += 1;
  return { kind: 'executionReported', agentId: AGENT, outcome, seq, timeMs: NOON_MS, ...more };
}

function feedback(rating: number, more: Partial<FeedbackFact> = {}): FeedbackFact {
  seq += 1;
  const from = { source: 'human', rater: 'usr_a', raterOwner: 'usr_a' } as const;
  return { kind: 'feedbackGiven', agentId: AGENT, rating, ...from, seq, timeMs: NOON_MS, ...more };
}

function peer(rating: number, more: Partial<FeedbackFact> = {}): FeedbackFact {
  return feedback(rating, {
    source: 'peer',
    rater: 'critic',
    raterAgentId: 'critic',
    raterOwner: 'team-c',
    ...more,
  });
}

function fold(facts: readonly TrustFact[], start?: AgentTrust, rater?: AgentTrust): AgentTrust {
  return facts.reduce<AgentTrust>(
    (subject, fact) => applyFact({ subject, rater }, fact, model),
    start ?? initialTrust(),
  );
}

const evidence = (...facts: TrustFact[]): { r: string; s: string } => trustNumerics(fold(facts));

describe('what an agent reports about itself', () => {
  test('success and cancellation weigh nothing', () => {
    expect(evidence(execution('succeeded'), execution('cancelled'))).toEqual({
      r: '0.000000000',
      s: '0.000000000',
    });
  });

  test.each([
    ['failed', undefined, '1.000000000'],
    ['failed', 'minor', '1.000000000'],
    ['failed', 'major', '5.000000000'],
    ['timed_out', undefined, '1.000000000'],
    ['timed_out', 'critical', '25.000000000'],
  ] as const)('%s with severity %s counts in full', (outcome, severity, s) => {
    expect(evidence(execution(outcome, severity === undefined ? {} : { severity }))).toEqual({
      r: '0.000000000',
      s,
    });
  });

  test('praise of itself weighs nothing, whatever the source claims', () => {
    const self = [
      feedback(1, { source: 'self', rater: AGENT, raterAgentId: AGENT }),
      peer(1, { rater: AGENT, raterAgentId: AGENT }),
      feedback(1, { source: 'human', raterAgentId: AGENT }),
      feedback(1, { source: 'system', raterAgentId: AGENT }),
    ];
    expect(evidence(...self)).toEqual({ r: '0.000000000', s: '0.000000000' });
  });

  test('a bad rating of itself adds its bad share only', () => {
    const confession = feedback(0.4, { source: 'self', rater: AGENT, severity: 'major' });
    expect(evidence(confession)).toEqual({ r: '0.000000000', s: '3.000000000' });
  });
});

describe('what others report', () => {
  test.each([
    [1, undefined, '1.000000000', '0.000000000'],
    [1, 'trivial', '0.250000000', '0.000000000'],
    [0.9, 'normal', '0.900000000', '0.100000000'],
    [0.5, 'normal', '0.500000000', '0.500000000'],
    [0.4999, undefined, '0.499900000', '0.500100000'],
    [0, 'minor', '0.000000000', '1.000000000'],
    [0, 'major', '0.000000000', '5.000000000'],
    [0.1, 'critical', '1.000000000', '22.500000000'],
    [0, 'high', '0.000000000', '1.000000000'],
    [1, 'critical', '1.000000000', '0.000000000'],
  ] as const)(
    'a rating of %s with severity %s adds %s good and %s bad',
    (rating, severity, r, s) => {
      expect(evidence(feedback(rating, severity === undefined ? {} : { severity }))).toEqual({
        r,
        s,
      });
    },
  );

  test('a peer weighs as much as it is trusted', () => {
    const trusted: AgentTrust = {
      ...initialTrust(),
      r: parseNano('10'),
      minute: NOON_MS / MINUTE_MS,
    };
    expect(trustNumerics(fold([peer(1)], undefined, trusted)).r).toBe('0.698807313');
    expect(trustNumerics(fold([peer(1)], undefined, initialTrust())).r).toBe('0.120851981');
    expect(trustNumerics(fold([peer(0, { severity: 'major' })])).s).toBe('0.604259905');
  });

  test('a peer that is not named weighs nothing and cannot suspend', () => {
    const { raterAgentId: _, ...nameless } = peer(0, { severity: 'critical' });
    expect(fold([nameless])).toMatchObject({ s: 0n, latchedBy: null });
  });

  test('the trust of a peer is wanted, that of anybody else is not', () => {
    expect(raterOf(peer(1))).toBe('critic');
    expect(raterOf(peer(1, { raterAgentId: AGENT }))).toBeUndefined();
    expect(raterOf(feedback(1))).toBeUndefined();
    expect(raterOf(execution('failed'))).toBeUndefined();
  });

  test.each([-0.1, 1.1, Number.NaN])('a rating of %d is refused', (rating) => {
    expect(() => fold([feedback(rating)])).toThrow(RangeError);
  });
});

describe('limits on praise', () => {
  test('one owner adds at most 1 a day, the last rating in part', () => {
    const ratings = [
      feedback(1, { severity: 'trivial' }),
      feedback(1, { severity: 'high' }),
      feedback(1),
    ];
    expect(evidence(...ratings).r).toBe('1.000000000');
  });

  test('raters of one owner share its limit', () => {
    const rated = [1, 2, 3].map((n) => feedback(1, { rater: `usr_${n}`, raterOwner: 'team-c' }));
    expect(evidence(...rated).r).toBe('1.000000000');
  });

  test('peers without an owner share one limit', () => {
    const trusted: AgentTrust = {
      ...initialTrust(),
      r: parseNano('100'),
      minute: NOON_MS / MINUTE_MS,
    };
    const rated = [1, 2, 3].map((n) =>
      peer(1, { rater: `p${n}`, raterAgentId: `p${n}`, raterOwner: null }),
    );
    expect(trustNumerics(fold(rated, undefined, trusted)).r).toBe('1.000000000');
  });

  test('all owners together add at most 5 a day', () => {
    const rated = Array.from({ length: 9 }, (_, n) => feedback(1, { raterOwner: `usr_${n}` }));
    expect(evidence(...rated).r).toBe('5.000000000');
  });

  test('the next UTC day has new limits, an old timestamp does not', () => {
    const today = [feedback(1), feedback(1)];
    const tomorrow = { timeMs: NOON_MS + DAY_MS / 2 };
    const praised = fold([
      ...today,
      feedback(1, tomorrow),
      feedback(1, { timeMs: NOON_MS }),
      feedback(1, tomorrow),
    ]);
    expect(praised.praise).toMatchObject({ total: parseNano('1'), byOwner: [{ owner: 'usr_a' }] });
    expect(praised.r).toBeLessThan(parseNano('2'));
    expect(praised.r).toBeGreaterThan(parseNano('1.9'));
  });

  test('praise within bad ratings is limited too, blame is not', () => {
    const rated = [1, 2, 3].map(() => feedback(0.4, { severity: 'major' }));
    expect(evidence(...rated)).toEqual({ r: '1.000000000', s: '9.000000000' });
  });

  test('praise from the owner of the agent weighs nothing, blame counts', () => {
    const owned: TrustFact = { kind: 'ownerKnown', agentId: AGENT, owner: 'usr_a' };
    expect(evidence(owned, feedback(1), feedback(0.2))).toEqual({
      r: '0.000000000',
      s: '0.800000000',
    });
  });

  test('owners beyond those remembered on a day add nothing', () => {
    const crowded = {
      ...model,
      caps: { perRaterOwner: parseNano('1'), perAgent: parseNano('5'), raterOwners: 2 },
    };
    const rated = ['a', 'b', 'c', 'a'].map((owner) =>
      feedback(1, { raterOwner: owner, severity: 'trivial' }),
    );
    const trust = rated.reduce(
      (subject, fact) => applyFact({ subject }, fact, crowded),
      initialTrust(),
    );
    expect(trustNumerics(trust).r).toBe('0.750000000');
    expect(trust.praise.byOwner).toHaveLength(2);
  });

  test('a limit lowered during the day takes nothing back and grants nothing more', () => {
    const strict = {
      ...model,
      caps: { perRaterOwner: parseNano('0.5'), perAgent: parseNano('0.5'), raterOwners: 9 },
    };
    const praised = fold([feedback(1)]);
    expect(applyFact({ subject: praised }, feedback(1), strict).r).toBe(parseNano('1'));
  });
});

describe('suspension', () => {
  test('a critical event latches it and only a person clears it', () => {
    const critical = execution('failed', { severity: 'critical' });
    const latched = fold([critical, feedback(1), execution('failed', { severity: 'critical' })]);
    expect(latched.latchedBy).toBe(critical.seq);
    expect(readTrust(latched, 2 ** 30, model).suspended).toBe(true);

    const cleared = fold([{ kind: 'suspensionCleared', agentId: AGENT, timeMs: NOON_MS }], latched);
    expect(cleared).toEqual({ ...latched, latchedBy: null });
    expect(fold([feedback(0, { severity: 'critical' })], cleared).latchedBy).toBe(seq);
  });

  test('a peer lowers the score of another agent, but never stops it', () => {
    const peer = feedback(0, {
      severity: 'critical',
      source: 'peer',
      rater: 'town:rival',
      raterAgentId: 'town:rival',
    });
    const after = fold([peer]);
    expect(after.latchedBy).toBeNull();
    expect(after.s).toBeGreaterThan(0n);
  });

  test('a severity of critical on a good rating does not latch it', () => {
    expect(fold([feedback(1, { severity: 'critical' })]).latchedBy).toBeNull();
  });
});

describe('time and ownership', () => {
  test('an older fact counts at the minute of the state', () => {
    const trust = fold([feedback(0), feedback(0, { timeMs: NOON_MS - 30 * DAY_MS })]);
    expect(trust).toMatchObject({ s: parseNano('2'), minute: NOON_MS / MINUTE_MS, factCount: 2 });
  });

  test('old evidence decays before new is added, and the good stops at 100', () => {
    const rich: AgentTrust = {
      ...initialTrust(),
      r: parseNano('100'),
      s: parseNano('8'),
      minute: NOON_MS / MINUTE_MS,
    };
    expect(trustNumerics(fold([feedback(1)], rich)).r).toBe('100.000000000');
    const later = fold([feedback(1, { timeMs: NOON_MS + 90 * DAY_MS })], rich);
    expect(trustNumerics(later)).toEqual({ r: '13.500000000', s: '4.000000000' });
  });

  test('an owner and an identity are kept, evidence is untouched', () => {
    const known = fold([
      { kind: 'ownerKnown', agentId: AGENT, owner: 'team-a', identity: 'unverified' },
    ]);
    expect(known).toEqual({ ...initialTrust(), owner: 'team-a', identity: 'unverified' });
    expect(readTrust(known, 0, model).score).toBe(23);
    expect(fold([{ kind: 'ownerKnown', agentId: AGENT, owner: null }], known)).toMatchObject({
      owner: null,
      identity: 'unverified',
    });
  });
});
