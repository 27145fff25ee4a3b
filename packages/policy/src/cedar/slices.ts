/**
 * Slices of a policy set: for each question only the policies that can apply to it. Cedar's cost
 * grows with every policy of a set, so each distinct subset has a parsed set of its own, in one of
 * a bounded number of slots; what finds no slot is asked of the whole set, with the same result.
 */
import type { Applies, Ids } from './applies.ts';

/** Slots per set of policies, the whole set's included. */
export const MAX_SLICES = 256;
/** Policies in all slices together; Cedar keeps about 1.6 kB for each. */
const MAX_SLICED_POLICIES = 8192;
/** Combinations of action and resource type whose policies are remembered. */
const MAX_CLASSES = 4096;

export type Slice = {
  /** The number of its slot; 0 is the whole set. */
  readonly slot: number;
  /** Indices of its policies, ascending. */
  readonly policies: readonly number[];
};

export type Asked = {
  readonly agentId: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
};

/** The policies of an action and a resource type: those that always apply, and those that name an agent or a resource. */
type QuestionClass = {
  readonly always: readonly number[];
  readonly named: readonly number[];
  readonly slice: Slice | undefined;
};

export type Slicer = { readonly sliceFor: (asked: Asked) => Slice };

export function createSlicer(policies: readonly Applies[]): Slicer {
  const whole: Slice = { slot: 0, policies: policies.map((_, index) => index) };
  const slices = new Map<string, Slice>([[whole.policies.join(), whole]]);
  const classes = new Map<string, QuestionClass>();
  let sliced = 0;

  const sliceOf = (indices: readonly number[]): Slice => {
    const key = indices.join();
    const known = slices.get(key);
    if (known) return known;
    if (slices.size >= MAX_SLICES || sliced + indices.length > MAX_SLICED_POLICIES) return whole;
    const made: Slice = { slot: slices.size, policies: indices };
    sliced += indices.length;
    slices.set(key, made);
    return made;
  };

  const classify = (action: string, type: string): QuestionClass => {
    const candidates = whole.policies.filter((index) => {
      const { actions, resourceTypes } = policies[index] as Applies;
      return includes(actions, action) && includes(resourceTypes, type);
    });
    const isNamed = (index: number): boolean =>
      policies[index]?.principals !== 'any' || policies[index]?.resources !== 'any';
    const named = candidates.filter(isNamed);
    const always = candidates.filter((index) => !isNamed(index));
    return { always, named, slice: named.length === 0 ? sliceOf(always) : undefined };
  };

  return {
    sliceFor: ({ agentId, action, resource }) => {
      const key = `${resource.type} ${action}`;
      let found = classes.get(key);
      if (!found) {
        if (classes.size >= MAX_CLASSES) classes.clear();
        found = classify(action, resource.type);
        classes.set(key, found);
      }
      if (found.slice) return found.slice;
      const name = `${resource.type}:${resource.id}`;
      const naming = found.named.filter((index) => {
        const { principals, resources } = policies[index] as Applies;
        return includes(principals, agentId) && includes(resources, name);
      });
      return sliceOf([...found.always, ...naming].sort((a, b) => a - b));
    },
  };
}

/** True when a policy can apply to a question. */
export function covers(policy: Applies, { agentId, action, resource }: Asked): boolean {
  return (
    includes(policy.actions, action) &&
    includes(policy.resourceTypes, resource.type) &&
    includes(policy.principals, agentId) &&
    includes(policy.resources, `${resource.type}:${resource.id}`)
  );
}

function includes(ids: Ids, id: string): boolean {
  return ids === 'any' || ids.includes(id);
}
