import { expect, test } from 'vitest';
import type { Mark } from '../state/changes.ts';
import { type Answer, type Dependence, Memo } from './memo.ts';

const answer = {
  rendered: { allowed: true, denial: undefined, reply: ['', '', '', ''], record: ['', ''] },
} as unknown as Answer;
const marks = (): { tenant: Mark; agents: [Mark, Mark] } => ({
  tenant: { count: 0 },
  agents: [{ count: 0 }, { count: 0 }],
});
const always = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };

/** A question that is asked twice is kept. */
function keep(memo: Memo, key: string, dependence: Dependence): void {
  memo.keep(key, answer, dependence);
  memo.keep(key, answer, dependence);
}

test('the answer of a question that was asked once is not kept', () => {
  const memo = new Memo();
  memo.keep('q', answer, { ...marks(), ...always });
  expect(memo.find('q', 5)).toBeUndefined();
  memo.keep('q', answer, { ...marks(), ...always });
  expect(memo.find('q', 5)).toBeDefined();
});

test('an answer is found until anything that it was made from changes', () => {
  for (const changed of [0, 1, 2]) {
    const memo = new Memo();
    const made = marks();
    keep(memo, 'q', { ...made, ...always });
    expect(memo.find('q', 5)).toBeDefined();
    const mark = [made.tenant, ...made.agents][changed];
    if (mark) mark.count += 1;
    expect(memo.find('q', 5)).toBeUndefined();
  }
});

test('an answer holds from its moment until its end, not before and not after', () => {
  const memo = new Memo();
  keep(memo, 'q', { ...marks(), fromMs: 10, untilMs: 20 });
  expect([9, 10, 19, 20].map((nowMs) => memo.find('q', nowMs) !== undefined)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('what is kept is bounded, and what is asked again is kept longer', () => {
  const memo = new Memo();
  keep(memo, 'often', { ...marks(), ...always });
  for (let i = 0; i < 50_000; i++) {
    keep(memo, `q${i}`, { ...marks(), ...always });
    if (i % 1000 === 0) expect(memo.find('often', 0)).toBeDefined();
  }
  expect(memo.size).toBeLessThanOrEqual(8192);
  expect(memo.find('q0', 0)).toBeUndefined();
  keep(memo, 'x'.repeat(5000), { ...marks(), ...always });
  expect(memo.find('x'.repeat(5000), 0)).toBeUndefined();
});
