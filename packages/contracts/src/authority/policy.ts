/** Sets of policies: published as a version with a digest, then activated as a whole. */
import { z } from 'zod';

export const policyId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'must be 1–63 of `A-Za-z0-9_.-`')
  .refine((id) => !id.startsWith('base.'), 'must not start with `base.`, which is reserved');

export const policyTexts = z
  .record(policyId, z.string().min(1).max(32_768))
  .refine((value) => Object.keys(value).length <= 1000, 'must have at most 1000 policies');

export const publishPolicies = z.strictObject({
  engine: z.literal('cedar').default('cedar'),
  policies: policyTexts,
  note: z.string().max(2000).nullable().default(null),
});

export const policyVersion = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a version number that a publication returned');
export const activatePolicies = z.strictObject({ version: policyVersion });

export const rollBackPolicies = z.strictObject({
  /** One that was active before; the last one when left out. */
  version: policyVersion.optional(),
  reason: z.string().max(2000).nullable().default(null),
});

export const publishSchema = z.strictObject({
  engine: z.literal('cedar').default('cedar'),
  /** Actions with their contexts, as Cedar writes them; `null` withdraws what was published. */
  schema: z.string().min(1).max(65_536).nullable(),
  note: z.string().max(2000).nullable().default(null),
});

export const policiesPublishedV1 = z.strictObject({
  version: policyVersion,
  engine: z.literal('cedar'),
  policies: z.record(z.string(), z.string()),
  /** `sha256:` and the hex digest of the RFC 8785 form of `{engine, policies}`. */
  digest: z.string(),
  note: z.string().nullable(),
});
export const policiesActivatedV1 = z.strictObject({
  version: policyVersion,
  digest: z.string(),
  /** The version that was active until now. */
  superseded: policyVersion.nullable(),
});

export const policiesRolledBackV1 = z.strictObject({
  version: policyVersion,
  digest: z.string(),
  /** The version that was active until now. */
  superseded: policyVersion,
  reason: z.string().nullable(),
});
export const schemaPublishedV1 = z.strictObject({
  version: z.string(),
  engine: z.literal('cedar'),
  schema: z.string().nullable(),
  /** `sha256:` and the hex digest of the RFC 8785 form of `{engine, schema}`. */
  digest: z.string(),
  note: z.string().nullable(),
});

export type PublishPolicies = z.infer<typeof publishPolicies>;
