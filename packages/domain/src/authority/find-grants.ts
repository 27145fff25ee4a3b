/** The grants of an agent that cover what is asked for, by the moment it is asked. */
import type { DecisionInputs } from '@writ/contracts';
import type { Grant } from './grant-book.ts';
import { ancestorsOf, type Missed, missOf, missThrough } from './lineage.ts';
import { coversAny } from './patterns.ts';
import type { Tenant } from './world.ts';

/** At most so many near misses are named. */
const MISSES_NAMED = 5;
/** At most so many grants are recorded with a decision. */
const MATCHES_NAMED = 64;

type Asked = {
  readonly agentId: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
};

/** A grant that holds, and what it was handed on from, the nearest first. */
export type Matched = { readonly grant: Grant; readonly ancestors: readonly Grant[] };

export type FoundGrants = {
  readonly matched: readonly Matched[];
  readonly missed: DecisionInputs['missed'];
  /** Until when, in milliseconds, no grant begins or ends by itself. */
  readonly validUntilMs: number;
  /** Other agents whose grants or standing were read. */
  readonly alsoRead: readonly string[];
};

const NO_ANCESTORS: readonly Grant[] = [];
const NO_AGENTS: readonly string[] = [];

/** The grants that cover action and resource now, in the order they were given, and those that nearly did. */
export function findGrants(tenant: Tenant, asked: Asked, nowMs: number): FoundGrants {
  const search = new Search(tenant, nowMs);
  const book = tenant.grants.get(asked.agentId)?.grants;
  if (book !== undefined) {
    const resourceName = `${asked.resource.type}:${asked.resource.id}`;
    book.visit(asked.action, (grant) => {
      if (coversAny(grant.actions, asked.action) && coversAny(grant.resources, resourceName))
        search.look(grant);
    });
  }
  return {
    matched: mostUseful(search.matched),
    missed: search.missed,
    validUntilMs: search.validUntilMs,
    alsoRead: search.alsoRead.size === 0 ? NO_AGENTS : [...search.alsoRead],
  };
}

class Search {
  readonly matched: Matched[] = [];
  readonly missed: Missed[] = [];
  validUntilMs = Number.POSITIVE_INFINITY;
  readonly alsoRead = new Set<string>();
  readonly #tenant: Tenant;
  readonly #nowMs: number;

  constructor(tenant: Tenant, nowMs: number) {
    this.#tenant = tenant;
    this.#nowMs = nowMs;
  }

  look(grant: Grant): void {
    this.#noteEdges(grant);
    const why = missOf(grant, this.#nowMs);
    if (why !== undefined) return this.#miss({ grantId: grant.grantId, why });
    if (grant.parent === null) this.matched.push({ grant, ancestors: NO_ANCESTORS });
    else this.#lookThrough(grant, grant.parent);
  }

  #lookThrough(grant: Grant, parent: NonNullable<Grant['parent']>): void {
    const ancestors = ancestorsOf(this.#tenant, grant);
    // The log has it before whatever was handed on from it.
    if (ancestors === undefined)
      return this.#miss({ grantId: grant.grantId, why: 'revoked', through: parent });
    for (const ancestor of ancestors) {
      this.alsoRead.add(ancestor.agentId);
      this.#noteEdges(ancestor);
    }
    const missed = missThrough(this.#tenant, ancestors, this.#nowMs);
    if (missed === undefined) this.matched.push({ grant, ancestors });
    else this.#miss({ grantId: grant.grantId, ...missed });
  }

  #noteEdges({ status, fromMs, untilMs }: Grant): void {
    if (status === 'revoked') return;
    if (fromMs > this.#nowMs) this.validUntilMs = Math.min(this.validUntilMs, fromMs);
    if (untilMs > this.#nowMs) this.validUntilMs = Math.min(this.validUntilMs, untilMs);
  }

  #miss(missed: Missed): void {
    if (this.missed.length < MISSES_NAMED) this.missed.push(missed);
  }
}

/** Of too many grants those that hold most easily, still in the order they were given. */
function mostUseful(matched: readonly Matched[]): readonly Matched[] {
  if (matched.length <= MATCHES_NAMED) return matched;
  const ease = ({ grant: { conditions } }: Matched): number => {
    const { maxCostMicros, ...others } = conditions;
    if (Object.keys(others).length > 0) return -1;
    return maxCostMicros ?? Number.POSITIVE_INFINITY;
  };
  const kept = new Set(matched.toSorted((a, b) => ease(b) - ease(a) || 0).slice(0, MATCHES_NAMED));
  return matched.filter((one) => kept.has(one));
}

/** What a decision records of a grant. */
export function grantInputs({ grant, ancestors }: Matched): DecisionInputs['grants'][number] {
  const { grantId, expiresAt, conditions } = grant;
  if (ancestors.length === 0) return { grantId, expiresAt, conditions };
  const handedOnFrom = ancestors.map(({ grantId: id, agentId }) => ({ grantId: id, agentId }));
  return { grantId, expiresAt, conditions, handedOnFrom };
}
