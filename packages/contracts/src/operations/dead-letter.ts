/** What operators do with dead letters, and what came of it. */
import { z } from 'zod';

export const deadLetterId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be the id of a dead letter');

export const retryDeadLetter = z.strictObject({ letterId: deadLetterId });

export const dropDeadLetter = z.strictObject({
  letterId: deadLetterId,
  reason: z.string().max(2000).nullable().default(null),
});

export const deadLetterResults = ['handled', 'failed', 'dropped'] as const;

/** What came of one retry, or a drop; written to OPS beside the letter. */
export const deadLetterOutcome = z.strictObject({
  outcomeId: z.string(),
  letterId: deadLetterId,
  outcome: z.enum(deadLetterResults),
  /** The operator's key. */
  by: z.string(),
  at: z.string(),
  /** Why it failed again; null where it did not. */
  code: z.string().nullable(),
  reason: z.string().nullable(),
  /** The log's sequence after it was handled. */
  seq: z.int().nullable(),
  events: z.array(z.strictObject({ id: z.string(), type: z.string(), seq: z.int() })),
  fingerprint: z.string(),
});

export type DeadLetterOutcome = z.infer<typeof deadLetterOutcome>;
