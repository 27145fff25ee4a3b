/** A grant that was handed on holds only while everything holds that it was handed on from, up to the first. */
import type { DecisionInputs } from '@writ/contracts';
import type { Grant } from './grant-book.ts';
import { switchThatStops } from './kill-switch.ts';
import type { Tenant } from './world.ts';

/** A grant can be handed on five times, so more than so many before it are not looked for. */
export const MOST_ANCESTORS = 5;

export type Missed = DecisionInputs['missed'][number];

/** What a grant was handed on from, the nearest first; `undefined` where one of them is not known. */
export function ancestorsOf(
  tenant: Pick<Tenant, 'grants'>,
  grant: Grant,
): readonly Grant[] | undefined {
  const ancestors: Grant[] = [];
  for (let { parent } = grant; parent !== null; ) {
    const found = tenant.grants.get(parent.agentId)?.grants.get(parent.grantId);
    if (found === undefined || ancestors.length === MOST_ANCESTORS) return undefined;
    ancestors.push(found);
    parent = found.parent;
  }
  return ancestors;
}

/** Why a grant does not hold of itself at a moment; `undefined` when it does. */
export function missOf(grant: Grant, nowMs: number): Missed['why'] | undefined {
  if (grant.status === 'revoked') return 'revoked';
  if (grant.untilMs <= nowMs) return 'expired';
  return grant.fromMs > nowMs ? 'not_yet' : undefined;
}

/** Why a grant does not hold because of one of its ancestors, and of which; whoever is stopped hands nothing on. */
export function missThrough(
  tenant: Tenant,
  ancestors: readonly Grant[],
  nowMs: number,
): Pick<Missed, 'why' | 'through'> | undefined {
  for (const ancestor of ancestors) {
    const { grantId, agentId } = ancestor;
    const why = missOf(ancestor, nowMs) ?? stopOf(tenant, agentId);
    if (why !== undefined) return { why, through: { grantId, agentId } };
  }
  return undefined;
}

/** Suspended by a person, stopped by a critical event or by the kill switch, or not there any more. */
function stopOf(tenant: Tenant, agentId: string): Missed['why'] | undefined {
  const agent = tenant.agents.get(agentId);
  if (agent === undefined || agent.status === 'unknown' || agent.status === 'retired')
    return 'retired';
  const latched = (tenant.trust.get(agentId)?.latchedBy ?? null) !== null;
  const killed = switchThatStops(tenant.killSwitch, agentId, agent) !== undefined;
  return agent.status === 'suspended' || latched || killed ? 'stopped' : undefined;
}
