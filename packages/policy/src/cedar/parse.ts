/** One policy from its text: parsed, and held to what tenants' policies may be. */
import type { DetailedError, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { badAnnotation } from './annotations.ts';
import { badTerms } from './approval-terms.ts';
import { depthOf, findDeepText, MAX_DEPTH } from './nesting.ts';
import { type Place, placeOf, placeOfIndex } from './source.ts';
import type { Cedar } from './wasm.ts';

/** What is wrong with a policy's text, and where: lines and characters from 1. */
export type PolicyProblem = Place & { readonly policyId: string; readonly message: string };

export type PolicyText = { readonly policyId: string; readonly text: string };
export type Parsed =
  | { readonly ok: true; readonly policy: PolicyJson }
  | { readonly ok: false; readonly problem: PolicyProblem };

export function parsePolicy(cedar: Cedar, source: PolicyText): Parsed {
  const { text } = source;
  if (!text.isWellFormed())
    return refused(source, 0, 'has half a surrogate pair; send well-formed Unicode');
  const deep = findDeepText(text);
  if (deep)
    return refusedAt(
      source,
      placeOfIndex(text, deep.index),
      `${deep.what}; split it into several policies`,
    );
  const answer = cedar.policyToJson(text);
  if (answer.type === 'failure') return { ok: false, problem: parseProblem(source, answer.errors) };
  const policy = answer.json;
  if (policy.effect === 'permit')
    return refusedAt(
      source,
      placeOfIndex(text, text.search(/\bpermit\b/)),
      'is a `permit`; grants permit, policies only narrow: write it as `forbid … unless …`',
    );
  const bad = badAnnotation(policy) ?? badTerms(policy);
  if (bad)
    return refusedAt(source, placeOfIndex(text, text.indexOf(`@${bad.annotation}`)), bad.message);
  if (depthOf(policy) > MAX_DEPTH)
    return refused(
      source,
      0,
      `nests deeper than ${MAX_DEPTH} operators; split it into several policies`,
    );
  return { ok: true, policy };
}

/** A problem as Cedar words it, at the place it names. */
export function problemOf(source: PolicyText, error: DetailedError | undefined): PolicyProblem {
  const message = (error?.message ?? 'can not be read')
    .replace(/^failed to parse policy(?: with id `[^`]*`)? from string: /, '')
    .replace(/^for policy `[^`]*`, /, '');
  const help = error?.help?.replace(/^for policy `[^`]*`, /, '');
  const start = error?.sourceLocations?.[0]?.start ?? 0;
  return {
    policyId: source.policyId,
    message: help ? `${message}; ${help}` : message,
    ...placeOf(source.text, start),
  };
}

function parseProblem(source: PolicyText, errors: readonly DetailedError[]): PolicyProblem {
  const problem = problemOf(source, errors[0]);
  const { message } = problem;
  if (message.includes('got a template'))
    return {
      ...problem,
      message: 'is a template; write a policy without `?principal` and `?resource`',
    };
  if (/^unexpected token `(?:permit|forbid|@)`$/.test(message))
    return { ...problem, message: 'has more than one policy; publish each under an id of its own' };
  const expected = errors[0]?.sourceLocations?.[0]?.label;
  return expected ? { ...problem, message: `${message}, ${expected}` } : problem;
}

function refused(source: PolicyText, byteOffset: number, message: string): Parsed {
  return refusedAt(source, placeOf(source.text, byteOffset), message);
}

function refusedAt({ policyId }: PolicyText, place: Place, message: string): Parsed {
  return { ok: false, problem: { policyId, message, ...place } };
}
