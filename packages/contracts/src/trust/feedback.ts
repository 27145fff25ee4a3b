/** Feedback on an agent: a rating, who gave it, and how much it matters. */
import { z } from 'zod';
import { agentId, clientId } from '../ids.ts';

export const feedbackSource = z.enum(['human', 'system', 'peer', 'self']);
export const feedbackSeverity = z.enum(['trivial', 'normal', 'high', 'minor', 'major', 'critical']);
const goodSeverities: readonly string[] = ['trivial', 'normal', 'high'];

/** 0 to 1 with at most four decimals; 0.5 and above is good. */
export const rating = z
  .number()
  .min(0, 'must be from 0 to 1')
  .max(1, 'must be from 0 to 1')
  .refine((value) => Math.round(value * 10_000) / 10_000 === value, 'must have at most 4 decimals');

export const rater = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$/, 'must be 1–128 of `A-Za-z0-9_.:@-`');

export const giveFeedback = z
  .strictObject({
    feedbackId: clientId.optional(),
    agentId,
    executionId: clientId.nullable().default(null),
    rating,
    source: feedbackSource,
    rater,
    severity: feedbackSeverity.optional(),
    comment: z.string().max(4000).nullable().default(null),
  })
  .superRefine((value, ctx) => {
    if (value.severity === undefined) return;
    const good = value.rating >= 0.5;
    if (goodSeverities.includes(value.severity) !== good)
      ctx.addIssue({
        code: 'custom',
        path: ['severity'],
        message: good
          ? 'must be `trivial`, `normal` or `high` for a rating of 0.5 and above'
          : 'must be `minor`, `major` or `critical` for a rating below 0.5',
      });
  });

export const clearSuspension = z.strictObject({ agentId, reason: z.string().min(1).max(2000) });

export const feedbackGivenV1 = z.strictObject({
  feedbackId: clientId,
  agentId,
  executionId: clientId.nullable(),
  rating: z.number(),
  source: feedbackSource,
  rater: z.string(),
  severity: feedbackSeverity,
  comment: z.string().nullable(),
});
export const suspensionClearedV1 = z.strictObject({ agentId, reason: z.string() });

export type GiveFeedback = z.infer<typeof giveFeedback>;
