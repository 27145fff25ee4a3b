/** A platform of its own with an administrator and workers, for tests of the SDK. */
import { randomUUID } from 'node:crypto';
import { startWrit, type Writ as Platform } from '@writ/testkit';
import { connect, type ConnectOptions, type LoggedEvent, type Writ } from './index.ts';

/** What an agent says of itself, at the least. */
export function agent(agentId: string) {
  return { agentId, name: agentId, type: 'test', version: '1.0.0' };
}

export class Bench {
  readonly platform: Platform;
  readonly admin: Writ;
  readonly #open: Writ[] = [];

  private constructor(platform: Platform, admin: Writ) {
    this.platform = platform;
    this.admin = admin;
    this.#open.push(admin);
  }

  static async start(): Promise<Bench> {
    const platform = await startWrit();
    const { natsUrl, adminKey } = platform.connection;
    return new Bench(platform, await connect({ url: natsUrl, apiKey: adminKey }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#open.map((writ) => writ.close()));
    await this.platform.stop();
  }

  /** Connects; the client is closed with the bench. */
  async join(apiKey: string, more: Partial<ConnectOptions> = {}): Promise<Writ> {
    const writ = await connect({ url: this.platform.connection.natsUrl, apiKey, ...more });
    this.#open.push(writ);
    return writ;
  }

  async newKey(agentId: string): Promise<string> {
    const { result } = await this.admin.createKey({
      name: agentId,
      role: 'agent',
      agents: [agentId],
    });
    return result.key ?? '';
  }

  grant(agentId: string) {
    return this.admin.issueGrant({ agentId, actions: ['read'], resources: ['dataset:*'] });
  }

  /** A registered agent with a grant, a key and a client of its own. */
  async newWorker(more: Partial<ConnectOptions> = {}) {
    const agentId = `town:w${randomUUID().slice(0, 8)}`;
    const apiKey = await this.newKey(agentId);
    const writ = await this.join(apiKey, more);
    await writ.registerAgent(agent(agentId));
    return { agentId, apiKey, writ, granted: await this.grant(agentId) };
  }

  async lifeOf(agentId: string): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    for await (const event of this.admin.history({ agentId })) events.push(event);
    return events;
  }
}
