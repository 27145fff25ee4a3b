/**
 * The places of questions that wait, shared fairly among keys: a key may take as many as are left free. So one key
 * alone gets half of them, each of n busy ones an (n + 1)th, and there is always room for one that comes anew.
 */
export class WaitingRoom {
  readonly #places: number;
  readonly #taken = new Map<string, number>();
  #waiting = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** Takes a place for a key; says whether it got one. */
  enter(keyId: string): boolean {
    const own = this.#taken.get(keyId) ?? 0;
    if (own >= this.#places - this.#waiting) return false;
    this.#taken.set(keyId, own + 1);
    this.#waiting += 1;
    return true;
  }

  /** Gives a place back. */
  leave(keyId: string): void {
    const own = this.#taken.get(keyId) ?? 0;
    if (own > 1) this.#taken.set(keyId, own - 1);
    else this.#taken.delete(keyId);
    this.#waiting -= 1;
  }
}
