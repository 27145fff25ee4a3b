/** A Postgres that is slow, or says nothing at all: commands come late or are refused, and none is lost or doubled. */
import { openRequester, type Requester, type RunningRole } from '@writ/bus';
import { commandReply, subjects } from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import {
  eventually,
  startTcpProxy,
  startTestBus,
  type TcpProxy,
  type TestBus,
  type TestDatabase,
  testDatabase,
} from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommander } from './index.ts';
import { seedKey } from './seed-key.testkit.ts';

const ADMIN = 'adminkey00001';
const tenant = 'default';
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const PATIENT = { withinMs: 60_000 };
/** More than a commander remembers of one agent: whether a fact is new it asks the read models. */
const MANY = 600;
/** So many commands wait at once. */
const LINE = 200;

let bus: TestBus;
let database: TestDatabase;
let proxy: TcpProxy;
let commander: RunningRole;
let requester: Requester;
const given: string[] = [];

beforeAll(async () => {
  [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  const { port } = new URL(database.url);
  proxy = await startTcpProxy(Number(port));
  const slowUrl = new URL(database.url);
  slowUrl.port = String(proxy.port);
  await seedKey(await bus.store(), { tenant, keyId: ADMIN, role: 'admin', agents: [] });
  commander = await startCommander({
    secrets: bus.secrets,
    natsUrl: bus.url,
    databaseUrl: slowUrl.href,
    version: '0.0.0',
    log: silent,
  });
  requester = openRequester(await bus.connect('api-store'));
  const agent = { agentId: 'busy', name: 'busy', type: 'analysis', version: '1.0.0' };
  expect(await send('registry.register-agent', agent)).toBe('ok');
  for (let n = 0; n < MANY; n += 50)
    await Promise.all(Array.from({ length: 50 }, (_, i) => fact(`known-${n + i}`)));
});
afterAll(async () => {
  await commander?.stop();
  await proxy?.stop();
  await Promise.all([bus?.stop(), database?.drop()]);
});

async function migrated(url: string): Promise<void> {
  const readModels = openStore(url, { max: 1 });
  await migrate(readModels).finally(() => readModels.close());
}

/** `ok`, or the code that it was refused with. */
async function send(verb: string, body: object): Promise<string> {
  const subject = subjects.command({ tenant, key: ADMIN, verb });
  const reply = await requester.request({
    subject,
    body: JSON.stringify(body),
    headers: [],
    timeoutMs: 15_000,
  });
  const parsed = commandReply.parse(JSON.parse(new TextDecoder().decode(reply.data)));
  return parsed.ok ? 'ok' : parsed.error.code;
}

const start = (executionId: string) => ({
  executionId,
  agentId: 'busy',
  action: 'count',
  resource: 'dataset:x',
});

/** Announces an execution until it is taken. */
async function fact(id: string): Promise<void> {
  given.push(id);
  for (;;) {
    const code = await send('execution.start', start(id)).catch(
      (error: { code: string }) => error.code,
    );
    if (code === 'ok') return;
    expect(['TIMEOUT', 'STORE_UNAVAILABLE', 'OVERLOADED']).toContain(code);
  }
}

async function startedIds(): Promise<string[]> {
  const { events } = await (await bus.store('api-store')).load(subjects.facts(tenant, 'busy'));
  return events.flatMap((event) =>
    event.type === 'ExecutionStarted' ? [event.data.executionId] : [],
  );
}

async function queue(ids: readonly string[]): Promise<void> {
  const operator = await bus.connect('operator');
  const subject = subjects.inbox({ tenant, key: ADMIN, verb: 'execution.start' });
  for (const id of ids) {
    given.push(id);
    const ack = await operator.request(subject, JSON.stringify(start(id)), { timeout: 5000 });
    expect(ack.json<{ seq: number }>().seq).toBeGreaterThan(0);
  }
}

async function queueIsEmpty(): Promise<void> {
  const operator = await bus.connect('operator');
  await eventually(async () => {
    const info = await operator.request('$JS.API.STREAM.INFO.INBOX', '', { timeout: 5000 });
    return info.json<{ state: { messages: number } }>().state.messages === 0;
  }, PATIENT);
}

test('a long line at a slow Postgres is served in few statements', async () => {
  proxy.delayAnswers(100);
  const before = proxy.said;
  await queue(Array.from({ length: LINE }, (_, i) => `queued-${i}`));
  await Promise.all(Array.from({ length: 10 }, (_, i) => fact(`asked-${i}`)));
  await queueIsEmpty();
  expect(proxy.said - before).toBeLessThan(LINE / 2);
  proxy.heal();
  expect((await startedIds()).sort()).toEqual(given.toSorted());
}, 120_000);

test('a Postgres that says nothing any more is no reason to wait: facts are refused with the reason, other commands go on', async () => {
  proxy.loseAnswers();
  const other = { agentId: 'other', name: 'other', type: 'analysis', version: '1.0.0' };
  const [refused, taken] = await Promise.all([
    send('execution.start', start('silent')),
    send('registry.register-agent', other),
  ]);
  expect([refused, taken]).toEqual(['STORE_UNAVAILABLE', 'ok']);
  await queue(['patient']);
  proxy.heal();
  await fact('silent');
  await queueIsEmpty();
  expect((await startedIds()).sort()).toEqual(given.toSorted());
}, 120_000);
