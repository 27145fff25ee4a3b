/** The slices of one set of policies, each parsed into its slot when it is first asked. */
import type {
  AuthorizationAnswer,
  PolicyJson,
  StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs';
import { BASE_POLICY, type PolicyVerdict } from '@writ/domain';
import { type Instance, repaired } from './instance.ts';
import { type Reads, readsOf } from './reads.ts';
import type { Slice } from './slices.ts';

export type Compiled = { readonly id: string; readonly policy: PolicyJson; readonly text: string };

export type Answer = {
  readonly effect: 'allow' | 'deny';
  readonly determining: readonly string[];
  readonly errors: readonly {
    /** `undefined` where the question as a whole could not be asked. */
    readonly policyId?: string;
    readonly message: string;
  }[];
};

type CallFor = (reads: Reads, setId: string) => StatefulAuthorizationCall;

const BASE_TEXT = 'permit (principal, action, resource);';

export class ParsedSlices {
  readonly #instance: Instance;
  readonly #slot: string;
  readonly #policies: readonly Compiled[];
  readonly #parsed = new Map<
    number,
    { readonly name: string; readonly reads: Reads; readonly generation: number }
  >();

  constructor(instance: Instance, slot: string, policies: readonly Compiled[]) {
    this.#instance = instance;
    this.#slot = slot;
    this.#policies = policies;
  }

  /** Asks a slice; the call is made for what its policies read. */
  ask(slice: Slice, callFor: CallFor): PolicyVerdict {
    return verdictOf(this.answer(slice, callFor));
  }

  /** The same, with the names of the policies that could not be evaluated. */
  answer(slice: Slice, callFor: CallFor): Answer {
    try {
      const { reads, name } = this.#prepare(slice);
      return answerOf(this.#instance.cedar.statefulIsAuthorized(callFor(reads, name)));
    } catch (thrown) {
      return unanswered(repaired(this.#instance, thrown));
    }
  }

  #prepare(slice: Slice): { readonly reads: Reads; readonly name: string } {
    const { generation, cedar } = this.#instance;
    const known = this.#parsed.get(slice.slot);
    if (known?.generation === generation) return known;
    const members = slice.policies.flatMap((index) => this.#policies[index] ?? []);
    const name = `${this.#slot}/${slice.slot}`;
    const staticPolicies = Object.fromEntries([
      [BASE_POLICY, BASE_TEXT],
      ...members.map(({ id, text }) => [id, text]),
    ]);
    const answer = cedar.preparsePolicySet(name, { staticPolicies });
    if (answer.type === 'failure')
      throw new Error(answer.errors.map(({ message }) => message).join('; '));
    const prepared = { name, reads: readsOf(members.map(({ policy }) => policy)), generation };
    this.#parsed.set(slice.slot, prepared);
    return prepared;
  }
}

export function failed(...errors: readonly string[]): PolicyVerdict {
  return { effect: 'deny', determining: [], errors: [...errors].sort(), trustDecides: false };
}

function unanswered(...messages: readonly string[]): Answer {
  return { effect: 'deny', determining: [], errors: messages.map((message) => ({ message })) };
}

function answerOf(answer: AuthorizationAnswer): Answer {
  if (answer.type === 'failure') return unanswered(...answer.errors.map(({ message }) => message));
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.map(({ policyId, error }) => ({
    policyId,
    message: `policy \`${policyId}\`: ${error.message}`,
  }));
  // Cedar gives the reasons in no fixed order.
  return { effect: decision, determining: diagnostics.reason.sort(), errors };
}

function verdictOf({ effect, determining, errors }: Answer): PolicyVerdict {
  return {
    effect,
    determining,
    errors: errors.map(({ message }) => message).sort(),
    trustDecides: false,
  };
}
