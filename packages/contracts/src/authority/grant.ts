/** Grants: who may do what to what, until when, under which conditions. */
import { z } from 'zod';
import { agentId, keyId, pattern, timestamp, uuid } from '../ids.ts';

const micros = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const seconds = z.int().min(1).max(31_622_400);

/** What may be spent within so many seconds; `exact` reserves before it allows. */
const budget = z
  .strictObject({
    seconds,
    costMicros: micros.optional(),
    /** Input and output tokens together. */
    tokens: micros.optional(),
    exact: z.boolean().optional(),
  })
  .refine(
    ({ costMicros, tokens }) => costMicros !== undefined || tokens !== undefined,
    'must have `costMicros`, `tokens` or both',
  );

export const grantConditions = z.strictObject({
  /** The most that one action may cost, in millionths of the tenant's currency. */
  maxCostMicros: micros.optional(),
  maxUses: z.int().min(1).optional(),
  window: z.strictObject({ limit: z.int().min(1), seconds }).optional(),
  budget: budget.optional(),
  requireApproval: z.boolean().optional(),
});

/** How many times a grant may be handed on, one agent after the other. */
const delegable = z.int().min(0).max(5);

export const issueGrant = z.strictObject({
  agentId,
  actions: z.array(pattern).min(1).max(100),
  resources: z.array(pattern).min(1).max(100),
  notBefore: timestamp.nullable().default(null),
  expiresAt: timestamp.nullable().default(null),
  conditions: grantConditions.default({}),
  delegable: delegable.default(0),
  reason: z.string().max(2000).nullable().default(null),
});

export const delegateGrant = z.strictObject({
  /** The grant that is handed on. */
  grantId: uuid,
  /** Whose it is; may be left out, it is looked up by the grant. */
  agentId: agentId.optional(),
  toAgentId: agentId,
  actions: z.array(pattern).min(1).max(100),
  resources: z.array(pattern).min(1).max(100),
  /** Where nothing is said, the bounds and conditions are those of the grant that is handed on. */
  notBefore: timestamp.nullable().default(null),
  expiresAt: timestamp.nullable().default(null),
  conditions: grantConditions.default({}),
  delegable: delegable.default(0),
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
  conditions: z.strictObject({
    maxCostMicros: micros.optional(),
    maxUses: z.int().min(1).optional(),
    window: z.strictObject({ limit: z.int().min(1), seconds }).optional(),
    requireApproval: z.boolean().optional(),
  }),
  reason: z.string().nullable(),
  issuedBy: keyId,
});
export const grantIssuedV2 = z.strictObject({
  grantId: uuid,
  agentId,
  actions: z.array(z.string()),
  resources: z.array(z.string()),
  /** RFC 3339 in UTC, or null. */
  notBefore: z.string().nullable(),
  expiresAt: z.string().nullable(),
  conditions: grantConditions,
  delegable,
  /** The grant that it was handed on from, and whose that one is; it holds only while that one does. */
  parent: z.strictObject({ grantId: uuid, agentId }).nullable(),
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
