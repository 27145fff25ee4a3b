import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { conditionsOf, type LimitFlags, withLimits } from './limit-options.ts';

function read(...args: readonly string[]) {
  const command = withLimits(new Command().exitOverride().configureOutput({ writeErr() {} }));
  return conditionsOf(command.parse(['node', 'x', ...args]).opts<LimitFlags>());
}

describe('the limits of a grant', () => {
  test('are left out where nothing is said', () => {
    expect(read()).toBeUndefined();
  });

  test('are read with their times', () => {
    expect(read('--max-uses', '5', '--rate', '100/1h')).toEqual({
      maxUses: 5,
      window: { limit: 100, seconds: 3600 },
    });
    const budget = ['--budget-cost-micros', '500/1d', '--budget-tokens', '9/86400'];
    expect(read(...budget, '--exact-budget')).toEqual({
      budget: { seconds: 86_400, costMicros: 500, tokens: 9, exact: true },
    });
  });

  test.each(['100', '0/1h', '5/0s', '5/367d', '-5/1h', '5/1w', 'x/1h'])(
    'are refused where they are no rate: %s',
    (text) => {
      expect(() => read('--rate', text)).toThrow('must be a number within a time');
    },
  );

  test('have one time for one budget, and something to be exact about', () => {
    const budget = ['--budget-cost-micros', '5/1h', '--budget-tokens', '5/1d'];
    expect(() => read(...budget)).toThrow('give cost and tokens the same');
    expect(() => read('--exact-budget')).toThrow('needs a budget');
  });
});
