/**
 * Log-only policies: what each would have denied. They have slices of their own, so that nothing
 * of theirs, an error or a trap included, reaches the policies that decide.
 */
import type { DecisionInputs } from '@writ/contracts';
import { type Applies, appliesTo } from './applies.ts';
import type { Instance } from './instance.ts';
import { type Compiled, ParsedSlices } from './parsed-slices.ts';
import { type Agent, callOf, seenOf } from './question.ts';
import { type Reads, readsOf } from './reads.ts';
import { rulesOut } from './rules-out.ts';
import { covers, createSlicer } from './slices.ts';

export type LogOnly = {
  readonly reads: Reads;
  /** Ids of the policies that would deny: they forbid, or can not be evaluated. Sorted. */
  readonly wouldDeny: (inputs: DecisionInputs, agent: Agent) => readonly string[];
};

const NONE: readonly string[] = [];

export function openLogOnly(
  instance: Instance,
  slot: string,
  policies: readonly Compiled[],
): LogOnly {
  const applies = policies.map(({ policy }) => appliesTo(policy));
  const slicer = createSlicer(applies);
  const parsed = new ParsedSlices(instance, `${slot}/log-only`, policies);
  const surelyNot = policies.map(({ policy }) => rulesOut(policy));
  const contextReads = policies.map(({ policy }) => readsOf([policy]).context);
  const idsWhere = (test: (index: number) => boolean): string[] =>
    policies.filter((_, index) => test(index)).map(({ id }) => id);
  const reading = (index: number, names: readonly string[]): boolean => {
    const reads = contextReads[index] ?? {};
    return reads === 'whole' || names.some((name) => Object.hasOwn(reads, name));
  };

  const wouldDeny = (decided: DecisionInputs, agent: Agent): readonly string[] => {
    const slice = slicer.sliceFor(decided.request);
    if (slice.policies.length === 0) return NONE;
    const { context, unusable } = decided.logOnly ?? { context: {}, unusable: [] };
    const inputs = { ...decided, request: { ...decided.request, context } };
    const seen = seenOf(inputs, agent);
    const covering = (index: number): boolean => covers(applies[index] as Applies, inputs.request);
    const blind =
      unusable.length === 0
        ? NONE
        : idsWhere((index) => covering(index) && reading(index, unusable));
    if (slice.policies.every((index) => surelyNot[index]?.(seen))) return blind;
    const answer = parsed.answer(slice, (reads, setId) => callOf(inputs, seen, { reads, setId }));
    const forbidding = answer.effect === 'deny' ? answer.determining : [];
    // An error of the question as a whole would have denied by any of them.
    const erring = answer.errors.flatMap(({ policyId }) => policyId ?? idsWhere(covering));
    return [...new Set([...forbidding, ...erring, ...blind])].sort();
  };
  return { reads: readsOf(policies.map(({ policy }) => policy)), wouldDeny };
}
