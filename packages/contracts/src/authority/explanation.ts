/** Why a decision came out as it did, and what would have changed it: worked out from its record. */
import { z } from 'zod';
import { denyCodes } from '../errors.ts';
import { outcome } from './evaluation.ts';

export const explanationView = z.strictObject({
  decisionId: z.string(),
  outcome,
  code: z.enum(denyCodes).nullable(),
  /** Grants that cover action and resource, now or at another time. */
  grants: z.array(z.strictObject({ grantId: z.string(), holds: z.boolean(), text: z.string() })),
  /** Every policy of the set by itself; empty where the agent is not known, so that none can be asked. */
  policies: z.array(
    z.strictObject({
      policyId: z.string(),
      /** `would_forbid` is said of a log-only policy. */
      says: z.enum(['passes', 'forbids', 'would_forbid', 'fails']),
      text: z.string(),
    }),
  ),
  /** Single changes that would have led to another outcome. */
  flips: z.array(
    z.strictObject({
      kind: z.enum(['gate', 'grant', 'limit', 'policy', 'trust', 'approval']),
      to: outcome,
      text: z.string(),
    }),
  ),
});

export type ExplanationView = z.infer<typeof explanationView>;
