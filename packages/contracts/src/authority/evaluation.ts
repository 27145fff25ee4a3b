/** The permission question and its answer: AuthZEN Authorization API 1.0. Unknown members are ignored, as it demands. */
import { z } from 'zod';
import { denyCodes } from '../errors.ts';
import { actionName, agentId, resourceId, resourceType } from '../ids.ts';

const properties = z.record(z.string(), z.unknown()).optional();

/** The type is `agent`, or the one that the agent registered with. */
export const evaluationSubject = z.object({ type: resourceType, id: agentId, properties });
export const evaluationAction = z.object({ name: actionName, properties });
export const evaluationResource = z.object({ type: resourceType, id: resourceId, properties });
export const evaluationOptions = z.object({
  /** A consistency token: decide on a state at least that fresh. */
  atLeast: z.string().max(256).optional(),
  waitForApprovalMs: z.int().min(0).max(60_000).optional(),
  /** `required` records before the answer; a caller may ask for more than the tenant's rule, never for less. */
  record: z.enum(['buffered', 'required']).optional(),
});

export const evaluationRequest = z.object({
  subject: evaluationSubject,
  action: evaluationAction,
  resource: evaluationResource,
  context: z.record(z.string(), z.unknown()).optional(),
  options: evaluationOptions.optional(),
});

export const evaluationsRequest = evaluationRequest.partial().extend({
  evaluations: z.array(z.record(z.string(), z.unknown())).max(100).optional(),
  options: evaluationOptions
    .extend({
      evaluations_semantic: z
        .enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'])
        .optional(),
    })
    .optional(),
});

export const outcome = z.enum(['allow', 'deny', 'require_approval']);
export const reason = z.object({
  kind: z.enum(['grant', 'policy', 'gate', 'trust', 'limit', 'approval', 'engine', 'state']),
  id: z.string(),
  text: z.string(),
});

export const decisionContext = z.object({
  outcome,
  decisionId: z.string(),
  code: z.enum(denyCodes).optional(),
  message: z.string().optional(),
  reasons: z.array(reason),
  policies: z.array(z.string()),
  obligations: z.array(z.record(z.string(), z.unknown())),
  trust: z.int().nullable(),
  seq: z.int(),
  policyDigest: z.string(),
  evaluatedAt: z.string(),
  ignored: z.array(z.string()),
  approvalId: z.string().optional(),
  /** Log-only policies that would have denied what is allowed here. */
  wouldDeny: z.array(z.string()).optional(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      details: z.array(z.object({ path: z.string(), message: z.string() })),
    })
    .optional(),
});
export const evaluationReply = z.object({ decision: z.boolean(), context: decisionContext });
export const evaluationsReply = z.object({ evaluations: z.array(evaluationReply) });

export type EvaluationRequest = z.infer<typeof evaluationRequest>;
export type EvaluationReply = z.infer<typeof evaluationReply>;
export type DecisionReason = z.infer<typeof reason>;
export type Outcome = z.infer<typeof outcome>;
