/** What a policy's annotations say of approvals: that a person may let pass what it forbids, how many, and for how long. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { type ApprovalTerms, DEFAULT_APPROVAL_TTL_SECONDS, type PolicyVerdict } from '@writ/domain';
import type { BadAnnotation } from './annotations.ts';
import { meantBy } from './meant.ts';

/** Seven days. */
const LONGEST_TTL_SECONDS = 604_800;
const NAMES = ['approvals', 'approvalTtl'];

/** The terms of a policy whose annotations are right; `undefined` where it forbids for good. */
export function approvalTermsOf({ annotations = {} }: PolicyJson): ApprovalTerms | undefined {
  const { outcome, approvals, approvalTtl } = annotations;
  if (outcome !== 'require_approval') return undefined;
  const ttlSeconds = typeof approvalTtl === 'string' ? Number(approvalTtl) : undefined;
  return {
    needed: approvals === '2' ? 2 : 1,
    ttlSeconds: ttlSeconds ?? DEFAULT_APPROVAL_TTL_SECONDS,
  };
}

/** The first of these annotations that can not be what its author meant. */
export function badTerms({ annotations = {} }: PolicyJson): BadAnnotation | undefined {
  const { outcome, approvals, approvalTtl } = annotations;
  for (const annotation of Object.keys(annotations)) {
    if (NAMES.includes(annotation)) {
      if (outcome !== undefined) continue;
      return bad(annotation, 'says nothing without `@outcome("require_approval")`; add that');
    }
    const meant = outcome === undefined ? undefined : meantBy(annotation, NAMES);
    if (meant === undefined) continue;
    return bad(annotation, `is not an annotation of Writ; did you mean \`@${meant}\`?`);
  }
  if (approvals !== undefined && approvals !== '1' && approvals !== '2')
    return bad('approvals', 'must be `"1"` or `"2"`');
  if (approvalTtl !== undefined && !isTtl(approvalTtl))
    return bad('approvalTtl', `must be whole seconds, \`"1"\` to \`"${LONGEST_TTL_SECONDS}"\``);
  return undefined;
}

/** The verdict with what lets it pass, where every policy that forbids may be approved: the most persons, the shortest time. */
export function approvable(
  verdict: PolicyVerdict,
  termsOf: ReadonlyMap<string, ApprovalTerms>,
): PolicyVerdict {
  const { effect, determining, errors } = verdict;
  if (termsOf.size === 0 || effect !== 'deny' || errors.length > 0) return verdict;
  const all = determining.map((id) => termsOf.get(id));
  const terms = all.filter((one) => one !== undefined);
  if (terms.length === 0 || terms.length < all.length) return verdict;
  const needed = terms.some((one) => one.needed === 2) ? 2 : 1;
  const ttlSeconds = Math.min(...terms.map((one) => one.ttlSeconds));
  return { ...verdict, approval: { needed, ttlSeconds } };
}

function isTtl(text: string | null): boolean {
  return text !== null && /^[1-9]\d{0,5}$/.test(text) && Number(text) <= LONGEST_TTL_SECONDS;
}

function bad(annotation: string, message: string): BadAnnotation {
  return { annotation, message: `\`@${annotation}\` ${message}` };
}
