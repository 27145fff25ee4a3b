/** A cell in this process: commanders, governors, and one requester that gives commands and asks. */
import { openRequester, type RunningRole } from '@writ/bus';
import {
  type CommandReply,
  commandReply,
  type EvaluationReply,
  evaluationReply,
  subjects,
} from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import { startTestBus, type TestBus, testDatabase } from '@writ/testkit';
import { startCommander } from '../apps/commander/src/index.ts';
import { seedKey } from '../apps/commander/src/seed-key.testkit.ts';
import { startGovernor } from '../apps/governor/src/index.ts';

export const tenant = 'default';
export const ADMIN = 'adminkey00001';

type Accepted = Extract<CommandReply, { ok: true }>;

export class GovernedCell {
  readonly bus: TestBus;
  readonly #databaseUrl: string;
  readonly #request: (subject: string, body: object) => Promise<unknown>;
  readonly #end: () => Promise<unknown>;
  #commanders: RunningRole[] = [];
  #governors: RunningRole[] = [];

  private constructor(
    bus: TestBus,
    databaseUrl: string,
    more: {
      request: (subject: string, body: object) => Promise<unknown>;
      end: () => Promise<void>;
    },
  ) {
    this.bus = bus;
    this.#databaseUrl = databaseUrl;
    this.#request = more.request;
    this.#end = more.end;
  }

  static async start(roles: { commanders: number; governors: number }): Promise<GovernedCell> {
    const [bus, database] = await Promise.all([
      startTestBus(),
      testDatabase('migrated', async (url) => {
        const store = openStore(url, { max: 1 });
        await migrate(store).finally(() => store.close());
      }),
    ]);
    await seedKey(await bus.store(), { tenant, keyId: ADMIN, role: 'admin', agents: [] });
    const requester = openRequester(await bus.connect('api-store'));
    const cell = new GovernedCell(bus, database.url, {
      async request(subject, body) {
        const asked = { subject, body: JSON.stringify(body), timeoutMs: 15_000 };
        const { data } = await requester.request(asked);
        return JSON.parse(new TextDecoder().decode(data)) as unknown;
      },
      async end() {
        await bus.stop();
        await database.drop();
      },
    });
    await cell.startCommanders(roles.commanders);
    await cell.startGovernors(roles.governors);
    return cell;
  }

  async startCommanders(count: number): Promise<void> {
    this.#commanders = await Promise.all(
      Array.from({ length: count }, () =>
        startCommander({ ...this.#options(), databaseUrl: this.#databaseUrl }),
      ),
    );
  }

  async startGovernors(count: number): Promise<void> {
    this.#governors = await Promise.all(
      Array.from({ length: count }, (_, n) => startGovernor({ ...this.#options(), name: `g${n}` })),
    );
  }

  async stopCommanders(): Promise<void> {
    await Promise.all(this.#commanders.splice(0).map((role) => role.stop()));
  }

  async stopGovernors(): Promise<void> {
    await Promise.all(this.#governors.splice(0).map((role) => role.stop()));
  }

  async stop(): Promise<void> {
    await this.stopGovernors();
    await this.stopCommanders();
    await this.#end();
  }

  /** Gives a command; throws when it is refused. */
  async done(verb: string, body: object, key = ADMIN): Promise<Accepted> {
    const reply = commandReply.parse(
      await this.#request(subjects.command({ tenant, key, verb }), body),
    );
    if (!reply.ok) throw new Error(`${verb} was refused: ${JSON.stringify(reply.error)}`);
    return reply;
  }

  async register(agentId: string): Promise<Accepted> {
    return this.done('registry.register-agent', {
      agentId,
      name: agentId,
      type: 'reader',
      version: '1.0.0',
    });
  }

  /** Lets an agent `read` every data set; returns the grant's id and the token of the state that has it. */
  async grant(
    agentId: string,
    conditions: object,
    more: object = {},
  ): Promise<{ grantId: string; token: string }> {
    const { result, token } = await this.done('authority.issue-grant', {
      agentId,
      actions: ['read'],
      resources: ['dataset:*'],
      conditions,
      ...more,
    });
    return { grantId: String(result['grantId']), token };
  }

  /** Asks whether an agent may `read` a data set. */
  async ask(agentId: string, more: object = {}, key = ADMIN): Promise<EvaluationReply> {
    const question = { ...questionOf(agentId), ...more };
    return evaluationReply.parse(
      await this.#request(subjects.ask(tenant, key, 'permission'), question),
    );
  }

  async askAll(body: object, key = ADMIN): Promise<readonly EvaluationReply[]> {
    const reply = await this.#request(subjects.ask(tenant, key, 'permissions'), body);
    return (reply as { evaluations: unknown[] }).evaluations.map((one) =>
      evaluationReply.parse(one),
    );
  }

  #options() {
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    return { secrets: this.bus.secrets, natsUrl: this.bus.url, version: '0.0.0', log };
  }
}

export function questionOf(agentId: string): object {
  return {
    subject: { type: 'agent', id: agentId },
    action: { name: 'read' },
    resource: { type: 'dataset', id: 'sales' },
  };
}
