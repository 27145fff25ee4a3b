/** What changed how often, so that an answer can be told from one that is still true. */
import type { StoredEvent } from '@writ/bus';
import type { World } from '@writ/domain';

/** A counter that everything that depends on the same things shares. */
export type Mark = { count: number };

type TenantChanges = { readonly tenant: Mark; readonly agents: Map<string, Mark> };

/** Counts changes of tenants (keys, policies) and of single agents (registration, grants, trust). */
export class Changes {
  readonly #tenants = new Map<string, TenantChanges>();

  /** Begins with everybody whom the world knows of. */
  constructor({ tenants }: Pick<World, 'tenants'>) {
    for (const [tenantId, known] of tenants) {
      const { agents } = this.#of(tenantId);
      for (const named of [known.agents, known.grants, known.trust])
        for (const agentId of named.keys()) agents.set(agentId, { count: 0 });
    }
  }

  note(event: StoredEvent): void {
    if (event.type === 'ExecutionStarted') return;
    if (event.type === 'ResultValidated' && event.data.severity === null) return;
    if (concernsAll(event)) for (const { tenant } of this.#tenants.values()) tenant.count += 1;
    const { tenant, agents } = this.#of(event.tenant);
    if (!('agentId' in event.data)) {
      tenant.count += 1;
      return;
    }
    const known = agents.get(event.data.agentId);
    if (known) known.count += 1;
    else agents.set(event.data.agentId, { count: 0 });
  }

  tenant(tenantId: string): Mark {
    return this.#of(tenantId).tenant;
  }

  /** `undefined` where nothing was ever said of one of the agents. */
  agents(tenantId: string, agentIds: readonly string[]): readonly Mark[] | undefined {
    const known = this.#tenants.get(tenantId)?.agents;
    const marks: Mark[] = [];
    for (const agentId of agentIds) {
      const mark = known?.get(agentId);
      if (mark === undefined) return undefined;
      marks.push(mark);
    }
    return marks;
  }

  #of(tenantId: string): TenantChanges {
    const known = this.#tenants.get(tenantId);
    if (known) return known;
    const made = { tenant: { count: 0 }, agents: new Map<string, Mark>() };
    this.#tenants.set(tenantId, made);
    return made;
  }
}

/** Everything at once is stopped and let go on by an event of one tenant. */
function concernsAll({ type, data }: StoredEvent): boolean {
  const isSwitch = type === 'KillSwitchEngaged' || type === 'KillSwitchReleased';
  return isSwitch && data.scope.kind === 'all';
}
