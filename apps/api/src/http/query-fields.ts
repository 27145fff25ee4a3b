/** Query parameters that several lists share. */
import { timestamp } from '@writ/contracts';
import { z } from 'zod';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;

const wholeNumber = (max: number) =>
  z.coerce.number({ error: 'must be a whole number' }).int('must be a whole number').max(max, `must be at most ${max}`);

export const limit = wholeNumber(MAX_LIMIT).min(1, 'must be at least 1').default(DEFAULT_LIMIT).meta({ description: 'how many at most' });

/** Where the page before ended; made by the list, opaque to its readers. */
export const cursor = z.string().min(1).max(1024).optional().meta({ description: 'the `nextCursor` of the page before' });

export const atLeast = z
  .string()
  .min(1)
  .max(256)
  .optional()
  .meta({ description: 'a `Writ-Token`: answer from a state at least that fresh' });

export const sequence = wholeNumber(Number.MAX_SAFE_INTEGER).min(0, 'must not be negative');

/** An RFC 3339 time; a `+` that a client did not encode arrives as a space and is taken as meant. */
export const instant = z
  .preprocess((value) => (typeof value === 'string' ? value.replace(/ (?=\d\d:\d\d$)/, '+') : value), timestamp)
  .transform((text) => Date.parse(text));

export const since = instant.optional().meta({ description: 'from this time on (RFC 3339)' });
export const until = instant.optional().meta({ description: 'before this time (RFC 3339)' });

export const text = z.string().min(1, 'must not be empty').max(512, 'must be at most 512 characters');

/** A parameter that may be repeated. */
export const repeatable = (item: z.ZodType<string>) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(item).max(50)).optional();

/** What every page takes. */
export const paging = { limit, cursor, atLeast };
