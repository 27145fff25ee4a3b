/**
 * A cell in this process: commanders, governors, and one requester that gives commands and asks.
 * All of them share one thread, so on a busy machine any of them may find its state old, or an answer late: what
 * says "try again" is tried again, as any client would.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type EventStore, openRequester, type RunningRole, type StoredEvent } from '@writ/bus';
import {
  type CommandReply,
  commandReply,
  type EvaluationReply,
  evaluationReply,
  evaluationsReply,
  isErrorCode,
  isRetryable,
  subjects,
  toWritError,
} from '@writ/contracts';
import { eventually, startTestBus, type TestBus, testDatabase } from '@writ/testkit';
import { startCommander } from '../apps/commander/src/index.ts';
import { seedKey } from '../apps/commander/src/seed-key.testkit.ts';
import { startGovernor } from '../apps/governor/src/index.ts';
import { migrated } from './migrated.ts';

export const tenant = 'default';
export const ADMIN = 'adminkey00001';

/** Shorter than a test may take, and longer than any role waits for another. */
const REPLY_MS = 30_000;
const PATIENT = { withinMs: 30_000 };
const AGAIN_MS = 50;
/** A governor is not sure, of its state or of what it claimed or recorded; or there is none that is. */
const UNSURE = new Set(['STALE_STATE', 'CLOCK_SKEW', 'LOG_UNAVAILABLE', 'SERVICE_UNAVAILABLE']);

type Accepted = Extract<CommandReply, { ok: true }>;
type Request = (subject: string, body: object, idempotencyKey?: string) => Promise<unknown>;

export class GovernedCell {
  readonly bus: TestBus;
  readonly #databaseUrl: string;
  readonly #store: EventStore;
  readonly #request: Request;
  readonly #end: () => Promise<unknown>;
  #commanders: RunningRole[] = [];
  #governors: RunningRole[] = [];
  #doubts = 0;

  private constructor(
    bus: TestBus,
    databaseUrl: string,
    more: {
      store: EventStore;
      request: Request;
      end: () => Promise<void>;
    },
  ) {
    this.bus = bus;
    this.#databaseUrl = databaseUrl;
    this.#store = more.store;
    this.#request = more.request;
    this.#end = more.end;
  }

  static async start(roles: { commanders: number; governors: number }): Promise<GovernedCell> {
    const [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
    const store = await bus.store();
    await seedKey(store, { tenant, keyId: ADMIN, role: 'admin', agents: [] });
    const requester = openRequester(await bus.connect('api-store'));
    const cell = new GovernedCell(bus, database.url, {
      store,
      async request(subject, body, idempotencyKey) {
        const headers =
          idempotencyKey === undefined ? [] : ([['Writ-Idempotency-Key', idempotencyKey]] as const);
        const asked = { subject, body: JSON.stringify(body), headers, timeoutMs: REPLY_MS };
        const { data } = await requester.request(asked);
        return JSON.parse(new TextDecoder().decode(data)) as unknown;
      },
      async end() {
        await bus.stop();
        await database.drop();
      },
    });
    try {
      await cell.startCommanders(roles.commanders);
      await cell.startGovernors(roles.governors);
      return cell;
    } catch (error) {
      await cell.stop();
      throw error;
    }
  }

  async startCommanders(count: number): Promise<void> {
    const options = { ...this.#options(), databaseUrl: this.#databaseUrl };
    this.#commanders = await Promise.all(
      Array.from({ length: count }, () => eventually(() => startCommander(options), PATIENT)),
    );
  }

  async startGovernors(count: number): Promise<void> {
    this.#governors = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        eventually(() => startGovernor({ ...this.#options(), name: `g${n}` }), PATIENT),
      ),
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

  /** How many answers so far denied for want of certainty: each may have taken what it did not give. */
  get doubts(): number {
    return this.#doubts;
  }

  /** Gives a command; throws when it is refused. */
  async done(verb: string, body: object, key = ADMIN): Promise<Accepted> {
    const [subject, idempotencyKey] = [subjects.command({ tenant, key, verb }), randomUUID()];
    const reply = await again(
      async () => commandReply.parse(await this.#request(subject, body, idempotencyKey)),
      { codeOf: (given) => (given.ok ? undefined : given.error.code), unless: isLasting },
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

  /** Asks whether an agent may `read` a data set, until a governor is sure of the answer. */
  ask(agentId: string, more: object = {}, key = ADMIN): Promise<EvaluationReply> {
    return again(() => this.askOnce(agentId, more, key), {
      codeOf: ({ context }) => context.code,
      unless: (code) => !UNSURE.has(code),
    });
  }

  async askOnce(agentId: string, more: object = {}, key = ADMIN): Promise<EvaluationReply> {
    const question = { ...questionOf(agentId), ...more };
    const reply = await this.#request(subjects.ask(tenant, key, 'permission'), question);
    return this.#noted(evaluationReply.parse(reply));
  }

  async askAll(body: object, key = ADMIN): Promise<readonly EvaluationReply[]> {
    const reply = await this.#request(subjects.ask(tenant, key, 'permissions'), body);
    return evaluationsReply.parse(reply).evaluations.map((one) => this.#noted(one));
  }

  /** What the log says of an agent's grants and approvals. */
  async eventsOf<T extends StoredEvent['type']>(agentId: string, type: T) {
    const { events } = await this.#store.load(subjects.grants(tenant, agentId));
    return events.filter(
      (event): event is Extract<StoredEvent, { type: T }> => event.type === type,
    );
  }

  #noted(reply: EvaluationReply): EvaluationReply {
    if (UNSURE.has(reply.context.code ?? '')) this.#doubts += 1;
    return reply;
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

/** A refusal that a second attempt does not change; faults of ours are never tried away. */
function isLasting(code: string): boolean {
  return !isErrorCode(code) || !isRetryable(code) || code === 'INTERNAL';
}

/** Does something until it ends with no code, or one that lasts; gives up with what came last. */
async function again<T>(
  attempt: () => Promise<T>,
  {
    codeOf,
    unless,
  }: { codeOf: (given: T) => string | undefined; unless: (code: string) => boolean },
): Promise<T> {
  const until = performance.now() + PATIENT.withinMs / 2;
  for (;;) {
    try {
      const given = await attempt();
      const code = codeOf(given);
      if (code === undefined || unless(code) || performance.now() >= until) return given;
    } catch (thrown) {
      if (unless(toWritError(thrown).code) || performance.now() >= until) throw thrown;
    }
    await wait(AGAIN_MS);
  }
}
