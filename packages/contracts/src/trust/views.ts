/** Trust and feedback as they are shown, and how lists are filtered. */
import { z } from 'zod';
import { agentId } from '../ids.ts';
import { listedText, pageQuery, timeQuery } from '../list-query.ts';
import { feedbackSeverity, feedbackSource } from './feedback.ts';

export const feedbackView = z.strictObject({
  feedbackId: z.string(),
  agentId: z.string(),
  executionId: z.string().nullable(),
  rating: z.number(),
  source: feedbackSource,
  rater: z.string(),
  severity: feedbackSeverity,
  comment: z.string().nullable(),
  /** The key that gave it. */
  givenBy: z.string(),
  givenAt: z.string(),
  seq: z.int(),
});

export const feedbackQuery = z.strictObject({
  ...pageQuery,
  ...timeQuery,
  agentId: agentId.optional(),
  source: feedbackSource.optional(),
  rater: listedText.optional(),
});

/** A fact's part in a score; evidence and effect with up to 9 decimals. */
export const trustContributionView = z.strictObject({
  /** The event of the log. */
  seq: z.int(),
  kind: z.enum(['executionReported', 'feedbackGiven']),
  weight: z.number(),
  ageMinutes: z.int(),
  /** What is left of the good and bad evidence it brought. */
  good: z.number(),
  bad: z.number(),
  /** The lower bound with it minus the lower bound without it. */
  effect: z.number(),
  /** Why it counted less than its weight. */
  limitedBy: z
    .enum(['self_praise', 'same_owner', 'same_key', 'daily_cap', 'peer_ceiling'])
    .nullable(),
});

/** An agent's trust at the moment it is asked for, and why it is what it is. */
export const trustView = z.strictObject({
  agentId: z.string(),
  /** 0 to 1000: the lower bound in thousandths, rounded down. */
  score: z.int(),
  expected: z.number(),
  uncertainty: z.number(),
  lowerBound: z.number(),
  /** Good and bad evidence left. */
  good: z.number(),
  bad: z.number(),
  latched: z.boolean(),
  /** The critical event that latched it. */
  latchedBy: z.int().nullable(),
  owner: z.string().nullable(),
  factCount: z.int(),
  model: z.string(),
  at: z.string(),
  seq: z.int(),
  /** The facts that move the score most, first. */
  contributions: z.array(trustContributionView),
  /** What is not listed: how many facts weighed less, and the evidence that the list leaves out. */
  rest: z.strictObject({ facts: z.int(), good: z.number(), bad: z.number() }),
});

export type FeedbackView = z.infer<typeof feedbackView>;
export type FeedbackQuery = z.infer<typeof feedbackQuery>;
export type TrustView = z.infer<typeof trustView>;
export type TrustContributionView = z.infer<typeof trustContributionView>;
