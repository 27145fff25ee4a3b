/**
 * The grants of one agent, filled in place: few of them are a list that is looked through, many have an index by id
 * and one by action. What they hold never changes; a grant that was revoked stands in the place of the one before.
 */
import type { EventData } from '@writ/contracts';
import { GrantIndex } from './grant-index.ts';

export type Grant = EventData<'GrantIssued'> & {
  readonly status: 'active' | 'revoked';
  /** `notBefore` and `expiresAt` in milliseconds; a grant without them begins at 0 and never ends. */
  readonly fromMs: number;
  readonly untilMs: number;
};

/** Up to so many are looked through: an index of each of very many agents would be larger than their grants. */
const LISTED = 64;

export class GrantBook implements Iterable<Grant> {
  #grants: Grant[] = [];
  #index: GrantIndex | undefined;

  get size(): number {
    return this.#grants.length;
  }

  /** The one that was given first. */
  get first(): Grant | undefined {
    return this.#grants[0];
  }

  /** Those that were not revoked, in the order they were given. */
  get active(): readonly Grant[] {
    return this.#grants.filter(({ status }) => status === 'active');
  }

  /** In the order they were given. */
  [Symbol.iterator](): Iterator<Grant> {
    return this.#grants[Symbol.iterator]();
  }

  get(grantId: string): Grant | undefined {
    return this.#grants[this.#placeOf(grantId)];
  }

  /** Adds a grant at the end, or puts it in the place of the one with its id, which it is but for its status. */
  put(grant: Grant): void {
    const place = this.#placeOf(grant.grantId);
    if (place >= 0) this.#grants[place] = grant;
    else if (this.#index === undefined) this.#append(grant);
    else this.#index.added(this.#grants.push(grant) - 1);
  }

  /** Calls with all that may cover an action, in the order they were given; of few grants those are all of them. */
  visit(action: string, visitor: (grant: Grant) => void): void {
    if (this.#index === undefined) return this.#grants.forEach(visitor);
    for (const place of this.#index.placesOf(action)) {
      const grant = this.#grants[place];
      if (grant) visitor(grant);
    }
  }

  #placeOf(grantId: string): number {
    if (this.#index !== undefined) return this.#index.placeOf(grantId);
    return this.#grants.findIndex((grant) => grant.grantId === grantId);
  }

  /** A short list is made anew, so that it has no room that is not used. */
  #append(grant: Grant): void {
    this.#grants = this.#grants.concat([grant]);
    if (this.#grants.length > LISTED) this.#index = new GrantIndex(this.#grants);
  }
}
