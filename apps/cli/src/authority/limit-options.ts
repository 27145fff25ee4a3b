/** What `writ grants` lets say of limits: how often, and how much, over which time. */
import type { CommandInput } from '@writ/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { countBetween } from '../verb.ts';

/** So much within so many seconds. */
export type Rate = { readonly limit: number; readonly seconds: number };

export type LimitFlags = {
  readonly maxCostMicros?: number;
  readonly maxUses?: number;
  readonly rate?: Rate;
  readonly budgetCostMicros?: Rate;
  readonly budgetTokens?: Rate;
  readonly exactBudget?: true;
};

type Conditions = NonNullable<CommandInput<'authority.issue-grant'>['conditions']>;

export function withLimits(command: Command): Command {
  return command
    .option(
      '--max-cost-micros <n>',
      'the most one action may cost',
      countBetween(0, Number.MAX_SAFE_INTEGER),
    )
    .option(
      '--max-uses <n>',
      'how often it may be used, exactly',
      countBetween(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--rate <n/time>', 'how often within a time, e.g. 100/1h', rate)
    .option('--budget-cost-micros <n/time>', 'what may be spent within a time', rate)
    .option('--budget-tokens <n/time>', 'the tokens that may be taken within a time', rate)
    .option('--exact-budget', 'reserve the budget before an action is allowed');
}

/** The conditions that the options say; `undefined` where they say none. */
export function conditionsOf(flags: LimitFlags): Conditions | undefined {
  const { maxCostMicros, maxUses, rate: window } = flags;
  const budget = budgetOf(flags);
  const conditions = {
    ...(maxCostMicros === undefined ? {} : { maxCostMicros }),
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(window === undefined ? {} : { window }),
    ...(budget === undefined ? {} : { budget }),
  };
  return Object.keys(conditions).length === 0 ? undefined : conditions;
}

function budgetOf({
  budgetCostMicros: cost,
  budgetTokens: tokens,
  exactBudget: exact,
}: LimitFlags): Conditions['budget'] | undefined {
  const seconds = cost?.seconds ?? tokens?.seconds;
  if (seconds === undefined) {
    if (exact)
      throw new CliFailure(
        exitCodes.usage,
        '--exact-budget needs a budget; give --budget-cost-micros or --budget-tokens',
      );
    return undefined;
  }
  if (tokens !== undefined && tokens.seconds !== seconds)
    throw new CliFailure(
      exitCodes.usage,
      'a grant has one budget over one time; give cost and tokens the same',
    );
  return {
    seconds,
    ...(cost === undefined ? {} : { costMicros: cost.limit }),
    ...(tokens === undefined ? {} : { tokens: tokens.limit }),
    ...(exact === undefined ? {} : { exact }),
  };
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const LONGEST_SECONDS = 31_622_400;

function rate(text: string): Rate {
  const [, limit, count, unit = 's'] = /^(\d{1,15})\/(\d{1,8})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  if (limit === undefined || Number(limit) < 1 || seconds < 1 || seconds > LONGEST_SECONDS)
    throw new InvalidArgumentError(
      'must be a number within a time of at most 366 days, e.g. 100/1h',
    );
  return { limit: Number(limit), seconds };
}
