/** Trouble of ours never costs a command: Postgres away for many waits, the log full, then healthy again. */
import {
  type Logger,
  type NatsConnection,
  openDeadLetters,
  openRequester,
  type RunningRole,
} from '@writ/bus';
import { subjects } from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import { applyStreams, type Topology } from '@writ/streams';
import {
  eventually,
  startTestBus,
  startTestPostgres,
  type TestBus,
  type TestPostgres,
} from '@writ/testkit';
import { afterEach, expect, test } from 'vitest';
import { startCommander } from './index.ts';
import { seedKey } from './seed-key.testkit.ts';

const ADMIN = 'adminkey00001';
const tenant = 'default';
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const ACK_WAIT_MS = 3000;
const MAX_DELIVER = 4;
const PATIENT = { withinMs: 60_000 };

let bus: TestBus;
let postgres: TestPostgres;
let commander: RunningRole;
let operator: NatsConnection;

/** A consumer that gives up soon: what burns deliveries ends in dead letters within seconds. */
function impatient(topology: Topology): Topology {
  const limits = { ack_wait: ACK_WAIT_MS * 1e6, backoff: [], max_deliver: MAX_DELIVER };
  const consumers = topology.consumers.map((consumer) =>
    consumer.stream === 'INBOX' ? { ...consumer, ...limits } : consumer,
  );
  return { ...topology, consumers };
}

async function setUp(nodes: 1 | 3): Promise<void> {
  [bus, postgres] = await Promise.all([startTestBus({ nodes }), startTestPostgres()]);
  operator = await bus.connect('operator');
  await applyStreams(operator, impatient(bus.topology));
  const readModels = openStore(postgres.url, { max: 1 });
  await migrate(readModels).finally(() => readModels.close());
  await seedKey(await bus.store(), { tenant, keyId: ADMIN, role: 'admin', agents: [] });
  commander = await start();
}
afterEach(async () => {
  await commander?.stop();
  await Promise.all([bus?.stop(), postgres?.stop()]);
});

function start(log: Logger = silent): Promise<RunningRole> {
  return startCommander({
    secrets: bus.secrets,
    natsUrl: bus.url,
    databaseUrl: postgres.url,
    version: '0.0.0',
    log,
  });
}

async function limitLog(maxBytes: number): Promise<void> {
  const streams = bus.topology.streams.map((stream) =>
    stream.name === 'EVENTS-1' ? { ...stream, max_bytes: maxBytes } : stream,
  );
  await applyStreams(operator, impatient({ ...bus.topology, streams }));
}

async function command(verb: string, body: unknown): Promise<void> {
  const requester = openRequester(await bus.connect('api-store'));
  const subject = subjects.command({ tenant, key: ADMIN, verb });
  await requester.request({ subject, body: JSON.stringify(body), headers: [], timeoutMs: 15_000 });
}

async function post(verb: string, body: unknown): Promise<void> {
  const subject = subjects.inbox({ tenant, key: ADMIN, verb });
  const ack = await operator.request(subject, JSON.stringify(body), { timeout: 5000 });
  expect(ack.json<{ seq: number }>().seq).toBeGreaterThan(0);
}

async function info(path: string) {
  const reply = await operator.request(`$JS.API.${path}`, '', { timeout: 5000 });
  return reply.json<{ state: { messages: number; bytes: number }; num_ack_pending: number }>();
}

const register = (name: string) => ({ agentId: name, name, type: 'analysis', version: '1.0.0' });
const started = (id: string) => ({
  executionId: id,
  agentId: 'busy',
  action: 'count',
  resource: 'dataset:x',
});

async function startedIds(): Promise<string[]> {
  const { events } = await (await bus.store('api-store')).load(subjects.facts(tenant, 'busy'));
  return events.flatMap((event) =>
    event.type === 'ExecutionStarted' ? [event.data.executionId] : [],
  );
}

async function letters() {
  const shelf = openDeadLetters({ connection: operator, ingest: bus.secrets.ingest });
  return await shelf.list({ tenant, limit: 100 });
}

/** Waits for more waits for an acknowledgement than the consumer has deliveries to lose. */
async function manyWaits(): Promise<void> {
  const until = performance.now() + (MAX_DELIVER + 1) * ACK_WAIT_MS;
  await eventually(
    async () => {
      expect((await info('STREAM.INFO.INBOX')).state.messages).toBeGreaterThan(0);
      return performance.now() > until;
    },
    { ...PATIENT, everyMs: 500 },
  );
}

test('Postgres away for longer than all deliveries last, and for more starts of the commander, loses nothing and buries nothing', async () => {
  await setUp(1);
  await command('registry.register-agent', register('busy'));
  // So many facts that the commander has to ask the read models whether one is new.
  const known = Array.from({ length: 300 }, (_, i) => `known-${i}`);
  for (const id of known) await post('execution.start', started(id));
  await eventually(async () => (await info('STREAM.INFO.INBOX')).state.messages === 0, PATIENT);
  await commander.stop();
  commander = await start();
  await postgres.halt();
  const held = Array.from({ length: 10 }, (_, i) => `held-${i}`);
  for (const id of held) await post('execution.start', started(id));
  await manyWaits();
  for (let again = 0; again <= MAX_DELIVER; again++) {
    await commander.stop();
    const told = Promise.withResolvers<void>();
    commander = await start({
      ...silent,
      warn: (_fields, text) => text === 'the inbox waits' && told.resolve(),
    });
    await told.promise;
  }
  await postgres.resume();
  await eventually(async () => (await info('STREAM.INFO.INBOX')).state.messages === 0, PATIENT);
  expect((await startedIds()).sort()).toEqual([...known, ...held].sort());
  expect(await letters()).toEqual([]);
}, 180_000);

test.each([1, 3] as const)(
  'a log that is full on %i node(s) loses nothing and buries nothing',
  async (nodes) => {
    await setUp(nodes);
    await command('registry.register-agent', register('busy'));
    await limitLog(192 * 1024);
    const fill = Array.from({ length: 600 }, (_, i) => `fill-${i}`);
    for (const id of fill) await post('execution.start', started(id));
    await manyWaits();
    expect((await startedIds()).length).toBeLessThan(fill.length);
    await limitLog(64 * 1024 * 1024);
    await eventually(async () => (await info('STREAM.INFO.INBOX')).state.messages === 0, PATIENT);
    expect((await startedIds()).sort()).toEqual([...fill].sort());
    expect(await letters()).toEqual([]);
  },
  180_000,
);
