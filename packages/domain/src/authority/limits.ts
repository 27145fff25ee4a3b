/** The limits of grants: what is left of each when a question is asked, and whether that is enough. */
import type { DecisionInputs, GrantConditions, LimitReading, MatchedGrant } from '@writ/contracts';
import type { Matched } from './find-grants.ts';
import type { Grant } from './grant-book.ts';
import type { Tenant } from './world.ts';

/** The limits that conditions set, by kind. */
function kindsOf({ maxUses }: GrantConditions): LimitReading['kind'][] {
  return maxUses === undefined ? [] : ['uses'];
}

/** True when what a grant allows is counted. */
export function isLimited(conditions: GrantConditions): boolean {
  return kindsOf(conditions).length > 0;
}

/** Reads every limit of the grants, and of those that they were handed on from; empty where none is limited. */
export function readLimits(tenant: Tenant, matched: readonly Matched[]): LimitReading[] {
  if (!matched.some(({ grant }) => isLimited(grant.conditions))) return [];
  return matched.flatMap(({ grant, ancestors }) =>
    [grant, ...ancestors].flatMap((bound) => readingsOf(tenant, grant, bound)),
  );
}

function readingsOf(tenant: Tenant, grant: Grant, bound: Grant): LimitReading[] {
  const { maxUses } = bound.conditions;
  if (maxUses === undefined) return [];
  const used = tenant.uses.get(bound.agentId)?.get(bound.grantId)?.used ?? 0;
  const by = { grantId: bound.grantId, agentId: bound.agentId };
  return [
    { grantId: grant.grantId, by, kind: 'uses', reserved: true, used, limit: maxUses, asks: 1 },
  ];
}

/** Whether all that is counted for a grant leaves room for this question; a limit that was not read leaves none. */
export function withinLimits(
  { grantId, conditions }: MatchedGrant,
  limits: readonly LimitReading[] = [],
): boolean {
  const kinds = kindsOf(conditions);
  if (kinds.length === 0) return true;
  const mine = limits.filter((limit) => limit.grantId === grantId);
  return kinds.every((kind) => mine.some((limit) => limit.kind === kind)) && mine.every(hasRoom);
}

export function hasRoom({ used, asks, limit }: LimitReading): boolean {
  return used + asks <= limit;
}

/** The grants of which a use must be reserved before an answer that rests on a grant is given. */
export function toReserve(
  { limits = [] }: DecisionInputs,
  grantId: string,
): { readonly grantId: string; readonly agentId: string }[] {
  return limits.filter((limit) => limit.grantId === grantId && limit.reserved).map(({ by }) => by);
}

/** Says what a limit has come to. */
export function limitText({ kind, used, limit }: LimitReading): string {
  switch (kind) {
    case 'uses':
      return `${used} of ${limit} uses of the grant are used`;
  }
}
