/** What the log must hold after a history, told by rules so simple that one can see they are right. */

export type Verb =
  | 'registry.register-agent'
  | 'registry.suspend-agent'
  | 'registry.resume-agent'
  | 'registry.retire-agent'
  | 'authority.issue-grant'
  | 'execution.report'
  | 'trust.give-feedback';

export type Order = {
  readonly verb: Verb;
  readonly agent: number;
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** An order that stored something, and what its answer said. */
export type Stored = { readonly order: Order; readonly events: readonly string[] };

export type ModelAgent = {
  status: 'unknown' | 'active' | 'suspended' | 'retired';
  /** The types of its events, in order. */
  readonly life: string[];
  readonly grants: string[];
  activeGrants: number;
  /** Facts have no order between those that were given at once: how many there are of each type. */
  readonly facts: Map<string, number>;
};

export type Expected =
  | { readonly ok: true; readonly types: readonly string[] }
  | { readonly ok: false; readonly code: string };

export class Model {
  readonly agents: readonly ModelAgent[];
  readonly stored: Stored[] = [];
  leaderKilled = false;
  orders = 0;

  constructor(agents: number) {
    this.agents = Array.from({ length: agents }, () => ({
      status: 'unknown',
      life: [],
      grants: [],
      activeGrants: 0,
      facts: new Map(),
    }));
  }

  agent(index: number): ModelAgent {
    const found = this.agents[index];
    if (found === undefined) throw new RangeError(`there is no agent ${index}`);
    return found;
  }

  /** What an order comes to now; changes nothing. */
  expect({ verb, agent }: Pick<Order, 'verb' | 'agent'>): Expected {
    const { status, activeGrants } = this.agent(agent);
    if (verb === 'registry.register-agent')
      return stores(...(status === 'unknown' || status === 'retired' ? ['AgentRegistered'] : []));
    if (status === 'unknown') return { ok: false, code: 'AGENT_UNKNOWN' };
    switch (verb) {
      case 'execution.report':
        return stores('ExecutionReported');
      case 'trust.give-feedback':
        return stores('FeedbackGiven');
      case 'registry.retire-agent':
        return status === 'retired'
          ? stores()
          : stores('AgentRetired', ...Array.from({ length: activeGrants }, () => 'GrantRevoked'));
      case 'authority.issue-grant':
        return status === 'retired' ? { ok: false, code: 'AGENT_RETIRED' } : stores('GrantIssued');
      case 'registry.suspend-agent':
      case 'registry.resume-agent': {
        if (status === 'retired') return { ok: false, code: 'AGENT_RETIRED' };
        const [wanted, type] =
          verb === 'registry.suspend-agent'
            ? (['suspended', 'AgentSuspended'] as const)
            : (['active', 'AgentResumed'] as const);
        return stores(...(status === wanted ? [] : [type]));
      }
    }
  }

  /** Takes the events of an order that was acknowledged. */
  apply(index: number, types: readonly string[]): void {
    const agent = this.agent(index);
    for (const type of types) {
      if (type.startsWith('Grant')) agent.grants.push(type);
      else if (type.startsWith('Agent')) agent.life.push(type);
      else agent.facts.set(type, (agent.facts.get(type) ?? 0) + 1);
      if (type === 'GrantIssued') agent.activeGrants++;
      if (type === 'GrantRevoked') agent.activeGrants--;
      agent.status = statusAfter[type] ?? agent.status;
    }
  }
}

const statusAfter: Readonly<Record<string, ModelAgent['status']>> = {
  AgentRegistered: 'active',
  AgentSuspended: 'suspended',
  AgentResumed: 'active',
  AgentRetired: 'retired',
};

function stores(...types: string[]): Expected {
  return { ok: true, types };
}
