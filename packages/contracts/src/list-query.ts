/** What every list understands in its query: how many, from where on, and when. */
import { z } from 'zod';
import { timestamp } from './ids.ts';

export const MAX_PAGE_ITEMS = 500;

/** Values come from a query string: numbers are text, and what may be repeated is a text or a list of them. */
export const pageQuery = {
  limit: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be 1 to 500')
    .max(MAX_PAGE_ITEMS, 'must be 1 to 500')
    .default(50),
  /** The `nextCursor` of the page before, unchanged, with the same filters. */
  cursor: z
    .string()
    .min(1, 'must be a `nextCursor` of this list')
    .max(512, 'must be a `nextCursor` of this list')
    .optional(),
};

/** Bounds on when something happened: from `since` on, before `until`. */
export const timeQuery = { since: timestamp.optional(), until: timestamp.optional() };

/** A filter that may be given several times. */
export function repeatable<S extends z.ZodType<string>>(item: S) {
  return z
    .union([
      item.transform((value) => [value]),
      z.array(item).max(32, 'must be given at most 32 times'),
    ])
    .optional();
}

/** Text that a filter compares with. */
export const listedText = z
  .string()
  .min(1, 'must not be empty')
  .max(576, 'must be at most 576 characters')
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
