/** What is wrong with a value, in words that follow its name: "`rating` must be a number, not a string". */
import type { z } from 'zod';

const nouns: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  date: 'a date',
  tuple: 'a list',
};

const formats: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  url: 'an address',
  datetime: 'an RFC 3339 date-time',
};

/** Words for what a schema finds where it has no words of its own; for the `error` of a parse. */
export function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input);
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${listed(issue.values)}`;
    case 'too_small':
      return bounded('at least', {
        amount: issue.minimum,
        origin: issue.origin,
        exact: issue.exact,
      });
    case 'too_big':
      return bounded('at most', {
        amount: issue.maximum,
        origin: issue.origin,
        exact: issue.exact,
      });
    case 'invalid_format':
      return `must be ${formats[issue.format] ?? `of the format \`${issue.format}\``}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `has properties that are not known: ${listed(issue.keys)}`;
    case 'invalid_key':
      return `has a name that is not allowed: it ${issue.issues[0]?.message ?? 'is not valid'}`;
    case 'invalid_union':
      return Array.isArray(issue['options'])
        ? `must be one of ${listed(issue['options'])}`
        : 'has none of the shapes that are allowed';
    default:
      return undefined;
  }
}

function wrongType(expected: string, input: unknown): string {
  const noun = nouns[expected] ?? `a ${expected}`;
  return input === undefined
    ? `is missing; it must be ${noun}`
    : `must be ${noun}, not ${nounOf(input)}`;
}

function nounOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number') return Number.isInteger(input) ? 'a number' : `${input}`;
  return nouns[typeof input] ?? typeof input;
}

type Bound = {
  readonly amount: number | bigint;
  readonly origin: string;
  readonly exact?: boolean | undefined;
};

function bounded(side: string, { amount, origin, exact = false }: Bound): string {
  const words = exact ? 'exactly' : side;
  if (origin === 'string') return `must have ${words} ${amount} ${plural(amount, 'character')}`;
  if (origin === 'array' || origin === 'set')
    return `must have ${words} ${amount} ${plural(amount, 'item')}`;
  return `must be ${words} ${amount}`;
}

function plural(amount: number | bigint, noun: string): string {
  return Number(amount) === 1 ? noun : `${noun}s`;
}

function listed(values: readonly unknown[]): string {
  return values.map((value) => `\`${String(value)}\``).join(', ');
}
