/**
 * The grants of one agent, filled in place: few of them are a list that is looked through, many have an index by id
 * and one by action. What they hold never changes; a grant that was revoked stands in the place of the one before.
 */
import type { EventData } from '@writ/contracts';
import { coversAny } from './patterns.ts';

export type Grant = EventData<'GrantIssued'> & {
  readonly status: 'active' | 'revoked';
  /** `notBefore` and `expiresAt` in milliseconds; a grant without them begins at 0 and never ends. */
  readonly fromMs: number;
  readonly untilMs: number;
};

/** Up to so many are looked through: an index of each of very many agents would be larger than their grants. */
const LISTED = 32;
const ACTIONS_REMEMBERED = 256;

export class GrantBook implements Iterable<Grant> {
  #grants: Grant[] = [];
  /** Where a grant stands, by its id. */
  #places: Map<string, number> | undefined;
  /** The grants that cover an action, as they are asked for. */
  #byAction: Map<string, readonly Grant[]> | undefined;

  get size(): number {
    return this.#grants.length;
  }

  /** The one that was given first. */
  get first(): Grant | undefined {
    return this.#grants[0];
  }

  /** In the order they were given. */
  [Symbol.iterator](): Iterator<Grant> {
    return this.#grants[Symbol.iterator]();
  }

  get(grantId: string): Grant | undefined {
    return this.#grants[this.#placeOf(grantId)];
  }

  /** Adds a grant at the end, or puts it in the place of the one with its id. */
  put(grant: Grant): void {
    this.#byAction = undefined;
    const place = this.#placeOf(grant.grantId);
    if (place >= 0) this.#grants[place] = grant;
    else if (this.#places === undefined) this.#append(grant);
    else this.#places.set(grant.grantId, this.#grants.push(grant) - 1);
  }

  /** All that may cover an action, in the order they were given; of few grants that is all of them. */
  candidates(action: string): readonly Grant[] {
    if (this.#grants.length <= LISTED) return this.#grants;
    this.#byAction ??= new Map();
    const known = this.#byAction.get(action);
    if (known !== undefined) return known;
    const covering = this.#grants.filter(({ actions }) => coversAny(actions, action));
    if (this.#byAction.size < ACTIONS_REMEMBERED) this.#byAction.set(action, covering);
    return covering;
  }

  #placeOf(grantId: string): number {
    if (this.#places !== undefined) return this.#places.get(grantId) ?? -1;
    return this.#grants.findIndex((grant) => grant.grantId === grantId);
  }

  /** A short list is made anew, so that it has no room that is not used. */
  #append(grant: Grant): void {
    this.#grants = this.#grants.concat([grant]);
    if (this.#grants.length > LISTED)
      this.#places = new Map(this.#grants.map(({ grantId }, place) => [grantId, place]));
  }
}
