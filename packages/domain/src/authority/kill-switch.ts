/** Kill switches of a tenant: which are engaged, and which of them stops an agent. */
import type { EventData } from '@writ/contracts';
import { type Decider, laterOf, Refusal } from '../decider.ts';
import type { AgentState } from '../registry/agent.ts';

/** Whose admins run the cell: they alone may stop every tenant. */
export const OPERATOR_TENANT = 'default';

export type KillSwitchEventName = 'KillSwitchEngaged' | 'KillSwitchReleased';
type Given = EventData<'KillSwitchEngaged'>;

/** A switch that is engaged, and since when. */
export type EngagedSwitch = { readonly scope: Given['scope']; readonly sinceMs: number };

export type KillSwitchState = {
  /** By `scopeName`. */
  readonly engaged: ReadonlyMap<string, EngagedSwitch>;
  readonly timeMs: number;
};

export type KillSwitchCommand = {
  readonly type: 'EngageKillSwitch' | 'ReleaseKillSwitch';
  /** Whose key it is. */
  readonly tenant: string;
} & Given;

/** One word for a scope: `agent:<id>`, `type:<id>`, `tenant` or `all`. */
export function scopeName(scope: Given['scope']): string {
  return 'id' in scope ? `${scope.kind}:${scope.id}` : scope.kind;
}

/**
 * The widest switch that stops an agent. One that was ever registered under a type is stopped with that type: agents
 * register themselves, and must not escape by calling themselves something else.
 */
export function switchThatStops(
  { engaged }: KillSwitchState,
  agentId: string,
  agent: AgentState | undefined,
): EngagedSwitch | undefined {
  if (engaged.size === 0) return undefined;
  const wide = engaged.get('all') ?? engaged.get('tenant');
  if (wide !== undefined) return wide;
  if (agent !== undefined && agent.status !== 'unknown')
    for (const type of agent.types) {
      const ofType = engaged.get(`type:${type}`);
      if (ofType !== undefined) return ofType;
    }
  return engaged.get(`agent:${agentId}`);
}

function refuseOthers(tenant: string, { kind }: Given['scope']): void {
  if (kind === 'all' && tenant !== OPERATOR_TENANT)
    throw new Refusal(
      'NOT_ALLOWED',
      `\`all\` is every tenant of the cell, for which a key of tenant \`${OPERATOR_TENANT}\` is needed; use the scope \`tenant\``,
    );
}

export const killSwitch: Decider<KillSwitchState, KillSwitchCommand, KillSwitchEventName> = {
  initial: () => ({ engaged: new Map(), timeMs: 0 }),
  decide({ engaged }, { type, tenant, scope, reason }) {
    refuseOthers(tenant, scope);
    const engages = type === 'EngageKillSwitch';
    if (engaged.has(scopeName(scope)) === engages) return [];
    return [
      { type: engages ? 'KillSwitchEngaged' : 'KillSwitchReleased', data: { scope, reason } },
    ];
  },
  evolve(state, event) {
    const engaged = new Map(state.engaged);
    const { scope } = event.data;
    const timeMs = laterOf(state.timeMs, event.timeMs);
    switch (event.type) {
      case 'KillSwitchEngaged':
        engaged.set(scopeName(scope), { scope, sinceMs: timeMs });
        break;
      case 'KillSwitchReleased':
        engaged.delete(scopeName(scope));
        break;
    }
    return { engaged, timeMs };
  },
};
