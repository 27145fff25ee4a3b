/** Whether an answer needs a person, and what the approval that stands for its arguments says. */
import type { ApprovalReason, DecisionInputs, DecisionReason, DenyCode } from '@writ/contracts';
import { instantOf } from './instant.ts';
import { isLimited } from './limits.ts';

/** How many persons must approve, and for how long an approval stands. */
export type ApprovalTerms = { readonly needed: 1 | 2; readonly ttlSeconds: number };

export const DEFAULT_APPROVAL_TTL_SECONDS = 3600;

export type ApprovalRequirement = ApprovalTerms & {
  /** What a person is asked for: the policies, and of the grants the easiest. */
  readonly requiredBy: readonly ApprovalReason[];
  /**
   * Where no grant holds without an approval those that hold with one. It may be for any of them: else whoever can
   * hand on a grant could make an approval void that was given for another.
   */
  readonly grants?: readonly string[];
};

type MatchedGrant = DecisionInputs['grants'][number];

/** What must be approved: the policies that forbid it otherwise, and the grants where none holds without. */
export function requirementOf(
  holding: readonly MatchedGrant[],
  forbidding: { readonly ids: readonly string[]; readonly terms: ApprovalTerms } | undefined,
): ApprovalRequirement | undefined {
  const requiredBy: ApprovalReason[] = [];
  for (const id of forbidding?.ids ?? []) requiredBy.push({ kind: 'policy', id });
  const byGrant = holding.every(({ conditions }) => conditions.requireApproval);
  if (byGrant) requiredBy.push({ kind: 'grant', id: easiest(holding).grantId });
  if (requiredBy.length === 0) return undefined;
  const { needed = 1, ttlSeconds = DEFAULT_APPROVAL_TTL_SECONDS } = forbidding?.terms ?? {};
  const grants = byGrant && { grants: holding.map(({ grantId }) => grantId) };
  return { requiredBy, ...grants, needed, ttlSeconds };
}

/** The grant that an allow rests on: the easiest that holds, of those that were approved where it takes an approval. */
export function restingOn(
  holding: readonly MatchedGrant[],
  required: ApprovalRequirement | undefined,
  approval: DecisionInputs['approval'],
): MatchedGrant {
  if (!required?.grants || !approval) return easiest(holding);
  const approved = holding.filter(({ grantId }) => names(approval, { kind: 'grant', id: grantId }));
  return easiest(approved.length > 0 ? approved : holding);
}

/** Of the grants that hold the first that needs no approval and is not limited, as far as there is one. */
function easiest(holding: readonly MatchedGrant[]): MatchedGrant {
  const hardship = ({ conditions }: MatchedGrant): number =>
    (conditions.requireApproval ? 2 : 0) + (isLimited(conditions) ? 1 : 0);
  return holding.reduce((best, grant) => (hardship(grant) < hardship(best) ? grant : best));
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
  const why = reasonsOf(required);
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
  const given = status === 'approved' && answers(approval, required);
  // Who asks and uses is never one of those that approved, however many others did.
  if (given && approvedBy.includes(key.keyId))
    return {
      outcome: 'deny',
      code: 'IDENTITY_MISMATCH',
      reasons: [
        says(`approved with key \`${key.keyId}\`, which can not use it; ask with another key`),
        ...why,
      ],
    };
  if (given && approvedBy.length >= required.needed)
    return {
      outcome: 'allow',
      code: null,
      reasons: [says(`approved by ${approvedBy.map((by) => `\`${by}\``).join(' and ')}`)],
    };
  const waits = `waits until ${expiresAt}, with ${approvedBy.length} of ${required.needed} given`;
  return { outcome: 'require_approval', code: null, reasons: [...why, says(waits)] };
}

type Named = { readonly requiredBy: readonly ApprovalReason[] };

/** True when what requires an approval was named when it was asked for. */
export function answers(
  approval: Named,
  { requiredBy, grants = [] }: Pick<ApprovalRequirement, 'requiredBy' | 'grants'>,
): boolean {
  return requiredBy.every(
    (one) =>
      names(approval, one) ||
      (one.kind === 'grant' && grants.some((id) => names(approval, { kind: 'grant', id }))),
  );
}

function names(approval: Named, { kind, id }: ApprovalReason): boolean {
  return approval.requiredBy.some((one) => one.kind === kind && one.id === id);
}

function reasonsOf({ requiredBy, grants = [] }: ApprovalRequirement): DecisionReason[] {
  const policies = requiredBy.filter(({ kind }) => kind === 'policy');
  return [
    ...policies.map(
      ({ id }): DecisionReason => ({
        kind: 'policy',
        id,
        text: `policy \`${id}\` asks for an approval`,
      }),
    ),
    ...grants.map(
      (id): DecisionReason => ({
        kind: 'grant',
        id,
        text: 'the grant holds only with an approval',
      }),
    ),
  ];
}
