/** Grants: who may do what to what, until when, under which conditions. */
import { z } from 'zod';
import { agentId, keyId, pattern, timestamp, uuid } from '../ids.ts';

const micros = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const grantConditions = z.strictObject({
  /** The most that one action may cost, in millionths of the tenant's currency. */
  maxCostMicros: micros.optional(),
  maxUses: z.int().min(1).optional(),
  window: z
    .strictObject({ limit: z.int().min(1), seconds: z.int().min(1).max(31_622_400) })
    .optional(),
  requireApproval: z.boolean().optional(),
});

export const issueGrant = z.strictObject({
  agentId,
  actions: z.array(pattern).min(1).max(100),
  resources: z.array(pattern).min(1).max(100),
  notBefore: timestamp.nullable().default(null),
  expiresAt: timestamp.nullable().default(null),
  conditions: grantConditions.default({}),
  reason: z.string().max(2000).nullable().default(null),
});

export const revokeGrant = z.strictObject({
  grantId: uuid,
  /** May be left out; it is looked up by the grant. */
  agentId: agentId.optional(),
  reason: z.string().max(2000).nullable().default(null),
});

export const grantIssuedV1 = z.strictObject({
  grantId: uuid,
  agentId,
  actions: z.array(z.string()),
  resources: z.array(z.string()),
  /** RFC 3339 in UTC, or null. */
  notBefore: z.string().nullable(),
  expiresAt: z.string().nullable(),
  conditions: grantConditions,
  reason: z.string().nullable(),
  issuedBy: keyId,
});
export const grantRevokedV1 = z.strictObject({
  grantId: uuid,
  agentId,
  reason: z.string().nullable(),
  revokedBy: keyId,
});

export type GrantConditions = z.infer<typeof grantConditions>;
export type IssueGrant = z.infer<typeof issueGrant>;
