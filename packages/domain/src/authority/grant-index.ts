/**
 * Where the grants of one agent stand in their list, by id and by action. Small for very many grants: ids are found by
 * a table of places and not by a map of texts. A grant never moves, so what is known of its place stays true.
 */
import type { Grant } from './grant-book.ts';

/** Places of one action; most actions have one. */
type Places = number | number[];

export class GrantIndex {
  readonly #grants: readonly Grant[];
  /** Place + 1 by the hash of the id, or 0; at least half of them are free. */
  #slots = new Int32Array(128);
  readonly #byAction = new Map<string, Places>();
  /** Grants with a pattern among their actions that is a prefix. */
  readonly #byPrefix: number[] = [];

  /** Of a list that grows by `added` only. */
  constructor(grants: readonly Grant[]) {
    this.#grants = grants;
    for (const place of grants.keys()) this.added(place);
  }

  /** Takes note of a grant at a place at the end of the list. */
  added(place: number): void {
    const grant = this.#grants[place];
    if (grant === undefined) return;
    if (2 * place >= this.#slots.length) this.#grow();
    this.#slots[this.#slotOf(grant.grantId)] = place + 1;
    if (grant.actions.some((pattern) => pattern.endsWith('*'))) this.#byPrefix.push(place);
    else for (const action of new Set(grant.actions)) this.#note(action, place);
  }

  /** The place of a grant; -1 when it is not in the list. */
  placeOf(grantId: string): number {
    return (this.#slots[this.#slotOf(grantId)] ?? 0) - 1;
  }

  /** The places of all grants that may cover an action, in order. */
  placesOf(action: string): readonly number[] {
    const places = this.#byAction.get(action) ?? [];
    const exact = typeof places === 'number' ? [places] : places;
    if (this.#byPrefix.length === 0) return exact;
    return [...exact, ...this.#byPrefix].sort((a, b) => a - b);
  }

  #note(action: string, place: number): void {
    const known = this.#byAction.get(action);
    if (known === undefined) this.#byAction.set(action, place);
    else if (typeof known === 'number') this.#byAction.set(action, [known, place]);
    else known.push(place);
  }

  /** The slot that the id is in, or the free one that it would be put into. */
  #slotOf(grantId: string): number {
    const last = this.#slots.length - 1;
    for (let slot = hashOf(grantId) & last; ; slot = (slot + 1) & last) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0 || this.#grants[place]?.grantId === grantId) return slot;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (const slot of old) {
      const grant = this.#grants[slot - 1];
      if (grant) this.#slots[this.#slotOf(grant.grantId)] = slot;
    }
  }
}

/** FNV-1a, of ids that nobody can choose. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
