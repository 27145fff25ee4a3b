/** Uses of grants that are limited exactly: reserved before an allow is given, settled or given back by the report. */
import { z } from 'zod';
import { agentId, uuid } from '../ids.ts';

const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();

/** `agentId` holds the grant; another agent can have used it, where it was handed on. */
const use = { grantId: uuid, agentId, decisionId: uuid };

/** A governor's order: all of the uses, or none. */
export const reserveUse = z.strictObject({
  decisionId: uuid,
  /** The agent that the decision is about. */
  agentId,
  /** The grant that the allow rests on and those it was handed on from, each with its holder. */
  grants: z
    .array(z.strictObject({ grantId: uuid, agentId }))
    .min(1)
    .max(8),
  /** What the action is expected to cost, in millionths of the tenant's currency, and to take in tokens. */
  costMicros: amount,
  tokens: amount,
});

export const grantUseReservedV1 = z.strictObject({
  ...use,
  usedBy: agentId,
  costMicros: amount,
  tokens: amount,
});
/** The use was never made: it is given back. */
export const grantUseReleasedV1 = z.strictObject({ ...use, reason: z.string() });
/** The use was made, and what it really took; `null` where the reservation's own numbers stand. */
export const grantUseSettledV1 = z.strictObject({ ...use, costMicros: amount, tokens: amount });

export type ReserveUse = z.infer<typeof reserveUse>;
