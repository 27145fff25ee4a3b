import type { StoredEvent } from '@writ/bus';
import type { WritEvent } from '@writ/contracts';
import type { UsesEventName, UsesState } from '@writ/domain';

/** A use of limited grants, by the decision that reserved it and the agent whose decision that is. */
export type Use = {
  readonly tenant: string;
  readonly decisionId: string;
  readonly usedBy: string;
};

/** A use, and where its reservation is in the log. */
export type ReservedUse = Use & { readonly seq: number };

type Known = ReservedUse & { readonly holders: Set<string> };

/** Older ones are forgotten: they are then neither settled nor given back, and stay used. */
const KEPT = 100_000;

/** The uses that nobody has reported yet, and whose grants they are of. */
export class OpenUses {
  readonly #uses = new Map<string, Known>();
  /** The open ones that were noted since the last call of `waiting`, and those before that it has not told of. */
  #recent = new Set<string>();
  #older = new Set<string>();

  take(tenant: string, byHolder: ReadonlyMap<string, UsesState>): void {
    for (const [holder, uses] of byHolder)
      for (const { open } of uses.values())
        for (const [decisionId, { usedBy }] of open)
          this.#add({ tenant, decisionId, usedBy, seq: 0 }, holder);
  }

  note(event: StoredEvent & WritEvent<UsesEventName>): void {
    const { tenant, data } = event;
    const { decisionId } = data;
    const name = `${tenant}/${decisionId}`;
    if (event.type === 'GrantUseReserved') {
      if (!this.#uses.has(name)) this.#recent.add(name);
      return this.#add(
        { tenant, decisionId, usedBy: event.data.usedBy, seq: event.seq },
        data.agentId,
      );
    }
    const known = this.#uses.get(name);
    known?.holders.delete(data.agentId);
    if (known?.holders.size === 0) this.#forget(name);
  }

  holdersOf({ tenant, decisionId, usedBy }: Use): readonly string[] {
    const known = this.#uses.get(`${tenant}/${decisionId}`);
    return known?.usedBy === usedBy ? [...known.holders] : [];
  }

  /** Those that were noted before the last call, after a snapshot, and are still open; each is told of once. */
  waiting(): readonly ReservedUse[] {
    const waiting = [...this.#older].flatMap((name) => this.#uses.get(name) ?? []);
    this.#older = this.#recent;
    this.#recent = new Set();
    return waiting;
  }

  /** Tells of it once more, should it still be open then. */
  waitsOn({ tenant, decisionId }: Use): void {
    this.#recent.add(`${tenant}/${decisionId}`);
  }

  #add(use: ReservedUse, holder: string): void {
    const name = `${use.tenant}/${use.decisionId}`;
    const known = this.#uses.get(name);
    if (known) return void known.holders.add(holder);
    this.#uses.set(name, { ...use, holders: new Set([holder]) });
    if (this.#uses.size <= KEPT) return;
    const [oldest] = this.#uses.keys();
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(name: string): void {
    this.#uses.delete(name);
    this.#recent.delete(name);
    this.#older.delete(name);
  }
}
