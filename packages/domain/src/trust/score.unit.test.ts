import { describe, expect, test } from 'vitest';
import { initialTrust } from './agent-trust.ts';
import { addEvidence, type DatedEvidence, evidenceAt, splitWeight } from './evidence.ts';
import { divideHalfUp, formatNano, parseNano } from './fixed-point.ts';
import { type AgentIdentity, DEFAULT_TRUST_MODEL as model } from './model.ts';
import { lowerBoundOf, readTrust, scoreOf } from './score.ts';

const MINUTES_PER_DAY = 1440;
const FIRST_DAY = 20_000;

/** One outcome: the day it happens, its rating from 0 to 1 and its weight. */
type Outcome = { readonly day: number; readonly rating: number; readonly weight: string };

interface Vector {
  readonly name: string;
  readonly outcomes: readonly Outcome[];
  readonly identity?: AgentIdentity;
  readonly readAfterMinutes?: number;
  readonly r: string;
  readonly s: string;
  readonly expected: string;
  readonly uncertainty: string;
  readonly lowerBound: string;
  readonly score: number;
}

const good = (weight: string, day = 0): Outcome => ({ day, rating: 1, weight });
const bad = (weight: string, day = 0): Outcome => ({ day, rating: 0, weight });
const times = (count: number, outcome: Outcome): Outcome[] =>
  Array.from({ length: count }, () => outcome);
const days = (count: number): number => count * MINUTES_PER_DAY;

const vectors: readonly Vector[] = [
  vector('V1 a newcomer', [], '0.000000 0.000000 0.500000 1.000000 0.120852 120'),
  vector('V2 one good', [good('1')], '1.000000 0.000000 0.666667 0.666667 0.253510 253'),
  vector('V3 one bad', [bad('1')], '0.000000 1.000000 0.333333 0.666667 0.078257 78'),
  vector('V4 ten good', [good('10')], '10.000000 0.000000 0.916667 0.166667 0.698807 698'),
  vector('V5 a hundred good', [good('100')], '100.000000 0.000000 0.990196 0.019608 0.957245 957'),
  vector(
    'V6 then one bad',
    [good('100'), bad('1')],
    '100.000000 1.000000 0.980583 0.019417 0.943006 943',
  ),
  vector(
    'V7 read after 30 days',
    [good('100')],
    '50.000000 0.000000 0.980769 0.038462 0.918278 918',
    {
      readAfterMinutes: days(30),
    },
  ),
  vector(
    'V8 then one critical',
    [good('100'), bad('25')],
    '100.000000 25.000000 0.795276 0.015748 0.730509 730',
  ),
  vector(
    'V9 read after 90 days',
    [good('100'), bad('25')],
    '12.500000 12.500000 0.500000 0.074074 0.349092 349',
    {
      readAfterMinutes: days(90),
    },
  ),
  vector(
    'V10 praise by distrusted peers',
    [...times(8, good('0.25')), ...times(2, bad('1'))],
    '2.000000 2.000000 0.500000 0.333333 0.221243 221',
  ),
  vector(
    'V11 good on three days, major in between',
    [good('1', 0), good('1', 10), bad('5', 15), good('1', 20)],
    '1.923661 4.454494 0.348962 0.238716 0.147458 147',
    { readAfterMinutes: days(10) },
  ),
  vector('V12 one major', [bad('5')], '0.000000 5.000000 0.142857 0.285714 0.032540 32'),
  vector('V13 an unverified newcomer', [], '0.000000 0.000000 0.200000 1.000000 0.023563 23', {
    identity: 'unverified',
  }),
  vector(
    'V14 a mixed rating',
    [{ day: 0, rating: 0.75, weight: '4' }],
    '3.000000 1.000000 0.666667 0.333333 0.346991 346',
  ),
  vector(
    'V15 the ceiling, an hour later',
    times(1000, good('1')),
    '99.903776 0.000000 0.990187 0.019626 0.957206 957',
    {
      readAfterMinutes: 60,
    },
  ),
  vector(
    'V16 a long record and one critical',
    [...times(1000, good('1')), bad('25')],
    '100.000000 25.000000 0.795276 0.015748 0.730509 730',
  ),
];

function vector(
  name: string,
  outcomes: readonly Outcome[],
  numbers: string,
  more: Pick<Vector, 'identity' | 'readAfterMinutes'> = {},
): Vector {
  const [r = '', s = '', expected = '', uncertainty = '', lowerBound = '', score = ''] =
    numbers.split(' ');
  return { name, outcomes, r, s, expected, uncertainty, lowerBound, score: Number(score), ...more };
}

function fold(outcomes: readonly Outcome[]): DatedEvidence {
  return outcomes.reduce<DatedEvidence>(
    (evidence, { day, rating, weight }) =>
      addEvidence(
        evidence,
        { ...splitWeight(parseNano(weight), rating * 10_000), minute: days(FIRST_DAY + day) },
        model,
      ),
    { r: 0n, s: 0n, minute: 0 },
  );
}

/** Billionths as a decimal with 6 decimals, rounded half up. */
function sixDecimals(value: bigint): string {
  return formatNano(divideHalfUp(value, 1000n) * 1000n).slice(0, -3);
}

/** Good reports of weight 1 on one day until the lower bound reaches a threshold. */
function goodReportsUntil(threshold: string): number {
  let count = 0;
  while (
    lowerBoundOf({ r: BigInt(count) * 1_000_000_000n, s: 0n }, 'verified', model) <
    parseNano(threshold)
  )
    count += 1;
  return count;
}

describe('the published vectors', () => {
  test.each(vectors)('$name holds to 6 decimals', (expected) => {
    const state = fold(expected.outcomes);
    const left = evidenceAt(state, state.minute + (expected.readAfterMinutes ?? 0), model);
    const { score, ...rest } = scoreOf(left, expected.identity ?? 'verified', model);

    expect({
      r: sixDecimals(left.r),
      s: sixDecimals(left.s),
      expected: sixDecimals(rest.expected),
      uncertainty: sixDecimals(rest.uncertainty),
      lowerBound: sixDecimals(rest.lowerBound),
      score,
    }).toEqual({
      r: expected.r,
      s: expected.s,
      expected: expected.expected,
      uncertainty: expected.uncertainty,
      lowerBound: expected.lowerBound,
      score: expected.score,
    });
  });

  test.each([
    ['0.5', 5],
    ['0.6', 7],
    ['0.7', 11],
    ['0.8', 18],
    ['0.9', 40],
    ['0.95', 85],
  ])('a lower bound of %s needs %i good reports', (threshold, count) => {
    expect(goodReportsUntil(threshold)).toBe(count);
  });

  test.each([
    ['10', '0.6988', '0.4486'],
    ['100', '0.9572', '0.8952'],
  ])('one failure of weight 5 after %s good lowers %s to %s', (weight, before, after) => {
    const fourDecimals = (value: bigint): string =>
      formatNano(divideHalfUp(value, 100_000n) * 100_000n).slice(0, -5);
    expect(fourDecimals(lowerBoundOf(fold([good(weight)]), 'verified', model))).toBe(before);
    expect(fourDecimals(lowerBoundOf(fold([good(weight), bad('5')]), 'verified', model))).toBe(
      after,
    );
  });

  test('without the ceiling a thousand good reports would hide a critical one', () => {
    const uncapped = { r: parseNano('1000'), s: parseNano('25') };
    expect(sixDecimals(lowerBoundOf(uncapped, 'verified', model)).slice(0, 5)).toBe('0.965');
  });
});

describe('reading', () => {
  test('a newcomer scores 120, an unverified one 23', () => {
    expect(readTrust(initialTrust(), 0, model).score).toBe(120);
    expect(readTrust({ ...initialTrust(), identity: 'unverified' }, 0, model).score).toBe(23);
  });

  test('a minute before the latest evidence reads like that evidence', () => {
    const trust = { ...initialTrust(), r: parseNano('3'), minute: 1000 };
    expect(readTrust(trust, 10, model)).toEqual(readTrust(trust, 1000, model));
  });

  test('evidence that arrives with an older minute does not take the state back', () => {
    const state = { r: parseNano('1'), s: 0n, minute: 1000 };
    const added = addEvidence(state, { r: 0n, s: parseNano('1'), minute: 10 }, model);
    expect(added).toEqual({ r: parseNano('1'), s: parseNano('1'), minute: 1000 });
  });

  test('evidence is gone after a lifetime and the agent is a newcomer again', () => {
    const trust = { ...initialTrust(), r: parseNano('100'), s: parseNano('1000'), minute: 0 };
    expect(readTrust(trust, 2 ** 40, model)).toMatchObject({ r: 0n, s: 0n, score: 120 });
  });
});
