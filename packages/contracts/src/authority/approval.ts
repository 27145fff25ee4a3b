/** Approvals: a person lets one agent do one thing once, after seeing exactly what it is. */
import { z } from 'zod';
import { actionName, agentId, keyId, resourceName, uuid } from '../ids.ts';
import { listedText, pageQuery, timeQuery } from '../list-query.ts';

/** What is shown to those who approve is at most so large, as JSON. */
export const MAX_ARGUMENTS_BYTES = 65_536;

/** `sha256:` and the hex digest of the RFC 8785 form of `{agentId, action, resource, context}`. */
export const argumentsHash = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** Why a person must be asked: a policy that forbids it otherwise, or a grant that holds only so. */
export const approvalReason = z.strictObject({
  kind: z.enum(['policy', 'grant']),
  id: z.string().max(128),
});
export const approvalReasons = z.array(approvalReason).min(1).max(1064);
export const approvalsNeeded = z.union([z.literal(1), z.literal(2)]);

/** What is to be approved: `context` as it was sent, with the properties of subject, action and resource beside it. */
const argumentsShape = {
  agentId,
  action: actionName,
  resource: resourceName,
  context: z.record(z.string(), z.unknown()),
};

export const decideApproval = z.strictObject({
  approvalId: uuid,
  /** May be left out; it is looked up by the approval. */
  agentId: agentId.optional(),
  verdict: z.enum(['approve', 'reject']),
  reason: z.string().max(2000).nullable().default(null),
});

/** What a governor asks of the commander when an answer needs an approval that nobody was asked for. */
export const requestApproval = z.strictObject({
  ...argumentsShape,
  argumentsHash,
  requiredBy: approvalReasons,
  approvalsNeeded,
  ttlSeconds: z.int().min(1).max(604_800),
});

/** What a governor asks of the commander before it allows what was approved. */
export const useApproval = z.strictObject({ approvalId: uuid, agentId, decisionId: uuid });

export const approvalRequestedV1 = z.strictObject({
  approvalId: uuid,
  ...argumentsShape,
  argumentsHash,
  requiredBy: z.array(z.strictObject({ kind: z.enum(['policy', 'grant']), id: z.string() })),
  approvalsNeeded,
  /** RFC 3339 in UTC: nothing is approved or used from then on. */
  expiresAt: z.string(),
  requestedBy: keyId,
});
export const approvalDecidedV1 = z.strictObject({
  approvalId: uuid,
  agentId,
  verdict: z.enum(['approved', 'rejected']),
  reason: z.string().nullable(),
  decidedBy: keyId,
});
export const approvalUsedV1 = z.strictObject({ approvalId: uuid, agentId, decisionId: uuid });
export const approvalExpiredV1 = z.strictObject({ approvalId: uuid, agentId });

/** `expired` is as of the moment it is shown, also where the log does not say so yet. */
export const approvalStatus = z.enum(['pending', 'approved', 'rejected', 'used', 'expired']);

export const approvalView = z.strictObject({
  approvalId: z.string(),
  status: approvalStatus,
  agentId: z.string(),
  action: z.string(),
  resource: z.string(),
  argumentsHash: z.string(),
  requiredBy: z.array(z.strictObject({ kind: z.enum(['policy', 'grant']), id: z.string() })),
  approvalsNeeded: z.int(),
  expiresAt: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  /** Who approved or rejected it, in order. */
  decisions: z.array(
    z.strictObject({
      verdict: z.enum(['approved', 'rejected']),
      by: z.string(),
      at: z.string(),
      reason: z.string().nullable(),
    }),
  ),
  /** The decision that it was used for; null until then. */
  used: z.strictObject({ decisionId: z.string(), at: z.string() }).nullable(),
  seq: z.int(),
});

/** One approval with what is to be approved. */
export const approvalDetailView = z.strictObject({
  ...approvalView.shape,
  context: z.record(z.string(), z.unknown()),
});

export const approvalsQuery = z.strictObject({
  ...pageQuery,
  ...timeQuery,
  agentId: agentId.optional(),
  action: listedText.optional(),
  resource: listedText.optional(),
  status: approvalStatus.optional(),
});

export type ApprovalReason = z.infer<typeof approvalReason>;
export type ApprovalView = z.infer<typeof approvalView>;
export type ApprovalDetailView = z.infer<typeof approvalDetailView>;
export type ApprovalsQuery = z.infer<typeof approvalsQuery>;
export type RequestApproval = z.infer<typeof requestApproval>;
export type UseApproval = z.infer<typeof useApproval>;
