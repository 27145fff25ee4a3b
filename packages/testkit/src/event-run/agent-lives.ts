/** Agents as they come, change, are suspended and retire. */
import { subjects, type WritEvent } from '@writ/contracts';
import type { RunLog } from './run-log.ts';

export type Agent = { readonly tenant: string; readonly agentId: string };
type Life = Agent & { status: 'active' | 'suspended' | 'retired'; version: number };

/** Keys that register agents; the first is an admin's from some moment on. */
export const REGISTRARS = ['k0registrar0', 'k0registrar1', 'k0registrar2', 'k0registrar3'] as const;

export class AgentLives {
  readonly #log: RunLog;
  readonly #tenants: readonly string[];
  readonly #lives: Life[] = [];

  constructor(log: RunLog, tenants: readonly string[]) {
    this.#log = log;
    this.#tenants = tenants;
  }

  get agents(): readonly Agent[] {
    return this.#lives;
  }

  register(i: number): void {
    const tenant = this.#log.pick(this.#tenants);
    const agentId = i % 3 === 0 ? `worker-${i}` : `container-${i % 5}:worker-${i}`;
    const life: Life = { tenant, agentId, status: 'active', version: 1 };
    this.#lives.push(life);
    this.#write(life, { type: 'AgentRegistered', data: this.#registration(life) });
  }

  change(): void {
    const life = this.#log.pick(this.#lives);
    const { agentId, status } = life;
    if (status === 'retired') {
      life.version++;
      life.status = 'active';
      return this.#write(life, { type: 'AgentRegistered', data: this.#registration(life) });
    }
    if (this.#log.below(2) === 0) {
      life.version++;
      return this.#write(life, { type: 'AgentVersionRegistered', data: this.#registration(life) });
    }
    const data = { agentId, reason: 'looked at' };
    if (this.#log.below(8) === 0) {
      life.status = 'retired';
      return this.#write(life, { type: 'AgentRetired', data });
    }
    life.status = status === 'active' ? 'suspended' : 'active';
    this.#write(life, { type: status === 'active' ? 'AgentSuspended' : 'AgentResumed', data });
  }

  #write({ tenant, agentId }: Agent, event: WritEvent): void {
    this.#log.write(subjects.agent(tenant, agentId), `agent/${agentId}`, event);
  }

  #registration({ agentId, version }: { readonly agentId: string; readonly version: number }) {
    return {
      agentId,
      name: `Worker "${agentId}" — größer`,
      type: this.#log.pick(['visualization', 'summary', 'profile']),
      version: `${version}.0.0`,
      capabilities: [`cap_${this.#log.below(5)}`, 'png_export'],
      runtime: { kind: 'nats' as const },
      owner: this.#log.below(4) === 0 ? null : `team-${this.#log.below(4)}`,
      labels: {
        framework: this.#log.pick(['langgraph', 'crew']),
        tier: String(this.#log.below(3)),
      },
      keyId: this.#log.pick(REGISTRARS),
    };
  }
}
