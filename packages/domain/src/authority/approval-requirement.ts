/** Whether an answer needs a person, and what the approval that stands for its arguments says. */
import type { ApprovalReason, DecisionInputs, DecisionReason, DenyCode } from '@writ/contracts';
import { instantOf } from './instant.ts';

/** How many persons must approve, and for how long an approval stands. */
export type ApprovalTerms = { readonly needed: 1 | 2; readonly ttlSeconds: number };

export const DEFAULT_APPROVAL_TTL_SECONDS = 3600;

export type ApprovalRequirement = ApprovalTerms & {
  readonly requiredBy: readonly ApprovalReason[];
};

type MatchedGrant = DecisionInputs['grants'][number];

/** What must be approved: the policies that forbid it otherwise, and the grants where none holds without. */
export function requirementOf(
  holding: readonly MatchedGrant[],
  forbidding: { readonly ids: readonly string[]; readonly terms: ApprovalTerms } | undefined,
): ApprovalRequirement | undefined {
  const requiredBy: ApprovalReason[] = [];
  for (const id of forbidding?.ids ?? []) requiredBy.push({ kind: 'policy', id });
  if (holding.every(({ conditions }) => conditions.requireApproval))
    for (const { grantId } of holding) requiredBy.push({ kind: 'grant', id: grantId });
  if (requiredBy.length === 0) return undefined;
  const { needed = 1, ttlSeconds = DEFAULT_APPROVAL_TTL_SECONDS } = forbidding?.terms ?? {};
  return { requiredBy, needed, ttlSeconds };
}

export type ApprovalAnswer = {
  readonly outcome: 'allow' | 'deny' | 'require_approval';
  readonly code: Extract<
    DenyCode,
    'APPROVAL_REJECTED' | 'APPROVAL_EXPIRED' | 'IDENTITY_MISMATCH'
  > | null;
  readonly reasons: readonly DecisionReason[];
};

/** What the recorded approval makes of a requirement; none, or one that says too little, leaves it open. */
export function answerOf(
  required: ApprovalRequirement,
  { approval, key, nowMs }: Pick<DecisionInputs, 'approval' | 'key' | 'nowMs'>,
): ApprovalAnswer {
  const why = required.requiredBy.map(reasonOf);
  if (!approval) return { outcome: 'require_approval', code: null, reasons: why };
  const { approvalId, status, approvedBy, expiresAt } = approval;
  const says = (text: string): DecisionReason => ({ kind: 'approval', id: approvalId, text });
  if (status === 'rejected')
    return {
      outcome: 'deny',
      code: 'APPROVAL_REJECTED',
      reasons: [says(`approval \`${approvalId}\` was rejected`), ...why],
    };
  if (status === 'expired' || instantOf(expiresAt) <= nowMs)
    return {
      outcome: 'deny',
      code: 'APPROVAL_EXPIRED',
      reasons: [says(`approval \`${approvalId}\` ended at ${expiresAt}`), ...why],
    };
  const given = status === 'approved' && answers(approval, required.requiredBy);
  // Who asks and uses is never one of those that approved.
  const others = approvedBy.filter((by) => by !== key.keyId);
  if (given && others.length >= required.needed)
    return {
      outcome: 'allow',
      code: null,
      reasons: [says(`approved by ${others.map((by) => `\`${by}\``).join(' and ')}`)],
    };
  if (given && others.length < approvedBy.length)
    return {
      outcome: 'deny',
      code: 'IDENTITY_MISMATCH',
      reasons: [
        says(`approved with key \`${key.keyId}\`, which can not use it; ask with another key`),
        ...why,
      ],
    };
  const waits = `waits until ${expiresAt}, with ${approvedBy.length} of ${required.needed} given`;
  return { outcome: 'require_approval', code: null, reasons: [...why, says(waits)] };
}

/** True when everything that requires an approval was named when it was asked for. */
export function answers(
  approval: { readonly requiredBy: readonly ApprovalReason[] },
  requiredBy: readonly ApprovalReason[],
): boolean {
  return requiredBy.every(({ kind, id }) =>
    approval.requiredBy.some((one) => one.kind === kind && one.id === id),
  );
}

function reasonOf({ kind, id }: ApprovalReason): DecisionReason {
  const text =
    kind === 'policy'
      ? `policy \`${id}\` asks for an approval`
      : 'the grant holds only with an approval';
  return { kind, id, text };
}
