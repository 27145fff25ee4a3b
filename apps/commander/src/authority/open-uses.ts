import type { StoredEvent } from '@writ/bus';
import type { WritEvent } from '@writ/contracts';
import type { UsesEventName, UsesState } from '@writ/domain';

/** A use of limited grants, by the decision that reserved it and the agent whose decision that is. */
export type Use = {
  readonly tenant: string;
  readonly decisionId: string;
  readonly usedBy: string;
};

type Known = { readonly usedBy: string; readonly holders: Set<string> };

/** Older ones are forgotten: they are then neither settled nor given back, and stay used. */
const KEPT = 100_000;

/** The uses that nobody has reported yet, and whose grants they are of. */
export class OpenUses {
  readonly #uses = new Map<string, Known>();

  take(tenant: string, byHolder: ReadonlyMap<string, UsesState>): void {
    for (const [holder, uses] of byHolder)
      for (const { open } of uses.values())
        for (const [decisionId, { usedBy }] of open)
          this.#add({ tenant, decisionId, usedBy }, holder);
  }

  note(event: StoredEvent & WritEvent<UsesEventName>): void {
    const { tenant, data } = event;
    if (event.type === 'GrantUseReserved')
      return this.#add(
        { tenant, decisionId: data.decisionId, usedBy: event.data.usedBy },
        data.agentId,
      );
    const known = this.#uses.get(`${tenant}/${data.decisionId}`);
    known?.holders.delete(data.agentId);
    if (known?.holders.size === 0) this.#uses.delete(`${tenant}/${data.decisionId}`);
  }

  holdersOf({ tenant, decisionId, usedBy }: Use): readonly string[] {
    const known = this.#uses.get(`${tenant}/${decisionId}`);
    return known?.usedBy === usedBy ? [...known.holders] : [];
  }

  #add({ tenant, decisionId, usedBy }: Use, holder: string): void {
    const name = `${tenant}/${decisionId}`;
    const known = this.#uses.get(name);
    if (known) return void known.holders.add(holder);
    this.#uses.set(name, { usedBy, holders: new Set([holder]) });
    if (this.#uses.size <= KEPT) return;
    const [oldest] = this.#uses.keys();
    if (oldest !== undefined) this.#uses.delete(oldest);
  }
}
