/**
 * What many grants say alike is kept once: lists of patterns, conditions, reasons, keys. Only memory depends on it.
 * When too much is different, it begins anew, so that it never outgrows the grants themselves.
 */
import type { EventData, GrantConditions } from '@writ/contracts';

const MOST = 16_384;
const UNCONDITIONAL: GrantConditions = {};

export class SharedTerms {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, string[]>();
  readonly #conditions = new Map<string, GrantConditions>();

  /** The same terms, of shared parts; the holder's id is the one that is kept already. */
  of(terms: EventData<'GrantIssued'>, agentId: string): EventData<'GrantIssued'> {
    const { actions, resources, conditions, reason, issuedBy, parent } = terms;
    return {
      ...terms,
      agentId,
      actions: this.#list(actions),
      resources: this.#list(resources),
      conditions: this.#conditionsOf(conditions),
      parent: parent && { grantId: parent.grantId, agentId: this.#text(parent.agentId) },
      reason: reason === null ? null : this.#text(reason),
      issuedBy: this.#text(issuedBy),
    };
  }

  #text(text: string): string {
    return kept(this.#texts, text, () => text);
  }

  #list(list: string[]): string[] {
    return kept(this.#lists, JSON.stringify(list), () => list.map((text) => this.#text(text)));
  }

  #conditionsOf(conditions: GrantConditions): GrantConditions {
    const text = JSON.stringify(conditions);
    return text === '{}' ? UNCONDITIONAL : kept(this.#conditions, text, () => conditions);
  }
}

function kept<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}
