/** What keeps the platform going, as it is shown: dead letters and the positions of the read models. */
import { z } from 'zod';
import { listedText, pageQuery } from '../list-query.ts';
import { errorDetail } from '../reply.ts';
import { deadLetterOutcome } from './dead-letter.ts';

export const deadLetterStatuses = ['waiting', 'handled', 'dropped'] as const;

export const deadLetterView = z.strictObject({
  id: z.string(),
  /** The stream the original was in, and its sequence there. */
  stream: z.string(),
  streamSeq: z.int(),
  subject: z.string(),
  keyId: z.string().nullable(),
  verb: z.string().nullable(),
  code: z.string(),
  reason: z.string(),
  details: z.array(errorDetail),
  attempts: z.int(),
  firstAt: z.string(),
  lastAt: z.string(),
  /** `waiting` until a retry is handled or somebody drops it. */
  status: z.enum(deadLetterStatuses),
  /** How often it was given again. */
  retries: z.int(),
  seq: z.int(),
});

/** What came of one retry, or a drop. */
export const deadLetterOutcomeView = deadLetterOutcome.omit({
  outcomeId: true,
  letterId: true,
  events: true,
  fingerprint: true,
});

/** One dead letter with the original. */
export const deadLetterDetailView = z.strictObject({
  ...deadLetterView.shape,
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** Base64. */
  body: z.string(),
  /** What operators did with it, oldest first; the last hundred. */
  outcomes: z.array(deadLetterOutcomeView),
});

export const deadLettersQuery = z.strictObject({
  ...pageQuery,
  code: listedText.optional(),
  verb: listedText.optional(),
  status: z.enum([...deadLetterStatuses, 'all']).default('waiting'),
});

/** How far a projection has got. */
export const positionView = z.strictObject({
  projection: z.string(),
  version: z.int(),
  source: z.string(),
  cell: z.string(),
  segment: z.int(),
  seq: z.int(),
  status: z.enum(['running', 'paused']),
  paused: z.strictObject({ seq: z.int(), reason: z.string() }).nullable(),
  updatedAt: z.string(),
});

export type DeadLetterView = z.infer<typeof deadLetterView>;
export type DeadLetterDetailView = z.infer<typeof deadLetterDetailView>;
export type DeadLetterOutcomeView = z.infer<typeof deadLetterOutcomeView>;
export type DeadLettersQuery = z.infer<typeof deadLettersQuery>;
export type PositionView = z.infer<typeof positionView>;
