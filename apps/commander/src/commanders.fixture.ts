/** A cell with commanders, and the commands that a test gives them. */
import { type EventStore, type Logger, openRequester, type RunningRole } from '@writ/bus';
import { type CommandReply, commandReply, subjects } from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import { startTestBus, type TestBus, type TestDatabase, testDatabase } from '@writ/testkit';
import { startCommander } from './index.ts';
import { seedKey } from './seed-key.testkit.ts';

export const ADMIN = 'adminkey00001';
export const tenant = 'default';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export type Given = {
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly tenant?: string;
};
type Accepted = Extract<CommandReply, { ok: true }>;
type Refused = Extract<CommandReply, { ok: false }>['error'];

export type Commanders = {
  readonly bus: TestBus;
  readonly database: TestDatabase;
  readonly commanders: readonly RunningRole[];
  readonly store: EventStore;
  /** A body that is text is sent as it is. */
  give(verb: string, body: unknown, given?: Given): Promise<CommandReply>;
  done(verb: string, body: unknown, given?: Given): Promise<Accepted>;
  refused(verb: string, body: unknown, given?: Given): Promise<Refused>;
  /** Starts one more. */
  start(log?: Logger): Promise<RunningRole>;
  stop(): Promise<void>;
};

/** Starts so many commanders with an admin's key in the log. */
export async function startCommanders(count: number): Promise<Commanders> {
  const [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  const store = await bus.store();
  await seedKey(store, { tenant, keyId: ADMIN, role: 'admin', agents: [] });
  const commanders: RunningRole[] = [];
  const start = async (log: Logger = silent): Promise<RunningRole> => {
    const { secrets, url } = bus;
    const options = { secrets, natsUrl: url, databaseUrl: database.url, version: '0.0.0', log };
    const commander = await startCommander(options);
    commanders.push(commander);
    return commander;
  };
  await Promise.all(Array.from({ length: count }, () => start()));
  const requester = openRequester(await bus.connect('api-store'));
  const give = async (verb: string, body: unknown, given: Given = {}): Promise<CommandReply> => {
    const { key = ADMIN, idempotencyKey, tenant: of = tenant } = given;
    const reply = await requester.request({
      subject: subjects.command({ tenant: of, key, verb }),
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: idempotencyKey === undefined ? [] : [['Writ-Idempotency-Key', idempotencyKey]],
      timeoutMs: 15_000,
    });
    return commandReply.parse(JSON.parse(new TextDecoder().decode(reply.data)));
  };
  return {
    bus,
    database,
    commanders,
    store,
    start,
    give,
    async done(verb, body, given = {}) {
      const reply = await give(verb, body, given);
      if (!reply.ok) throw new Error(`refused: ${JSON.stringify(reply.error)}`);
      return reply;
    },
    async refused(verb, body, given = {}) {
      const reply = await give(verb, body, given);
      if (reply.ok) throw new Error(`was not refused: ${JSON.stringify(reply)}`);
      return reply.error;
    },
    stop: () => stopAll({ bus, database, commanders }),
  };
}

async function stopAll(cell: {
  readonly bus: TestBus;
  readonly database: TestDatabase;
  readonly commanders: readonly RunningRole[];
}): Promise<void> {
  await Promise.all(cell.commanders.map((commander) => commander.stop()));
  await Promise.all([cell.bus.stop(), cell.database.drop()]);
}

async function migrated(url: string): Promise<void> {
  const readModels = openStore(url, { max: 1 });
  await migrate(readModels).finally(() => readModels.close());
}

/** The types of the events on a subject. */
export async function typesOn({ store }: Commanders, subject: string): Promise<string[]> {
  return (await store.load(subject)).events.map((event) => event.type);
}

export const agent = (name: string) => ({
  agentId: `town:${name}`,
  name,
  type: 'analysis',
  version: '1.0.0',
});
export const grant = (name: string) => ({
  agentId: `town:${name}`,
  actions: ['count'],
  resources: ['dataset:*'],
});
