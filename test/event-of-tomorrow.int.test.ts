/** A log that holds an event of a later release: whoever folds it stops, says so, and lets nothing pass. */
import { join } from 'node:path';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import {
  openKeyring,
  openRequester,
  type Requester,
  type RunningRole,
  writeSecrets,
} from '@writ/bus';
import { commandReply, ingestSubject, subjects } from '@writ/contracts';
import {
  eventually,
  runWrit,
  startTestBus,
  type TestBus,
  type TestDatabase,
  testDatabase,
} from '@writ/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startApi } from '../apps/api/src/index.ts';
import { startCommander } from '../apps/commander/src/index.ts';
import { startGovernor } from '../apps/governor/src/index.ts';
import { startProjector } from '../apps/projector/src/index.ts';
import { migrated } from './migrated.ts';

const KEY = 'adminkey00001';
const tenant = 'default';
const log = { debug() {}, info() {}, warn() {}, error() {} };
const KEY_OF_TOMORROW = {
  type: 'dev.writ.tenancy.KeyCreated.v2',
  subject: subjects.key('another', 'secretname01'),
};
const GRANT_OF_TOMORROW = {
  type: 'dev.writ.authority.GrantIssued.v9',
  subject: subjects.grants('another', 'secretname01'),
};
const PATIENT = { withinMs: 30_000 };

let bus: TestBus;
let database: TestDatabase;
let operator: NatsConnection;
let requester: Requester;
let running: RunningRole[];

beforeEach(async () => {
  running = [];
  [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  operator = await bus.connect('operator');
  requester = openRequester(await bus.connect('api-store'));
  await createAdmin();
});
afterEach(async () => {
  await Promise.all(running.map((role) => role.stop()));
  await Promise.all([bus.stop(), database.drop()]);
});

async function createAdmin(): Promise<void> {
  const event = {
    type: 'KeyCreated' as const,
    data: {
      keyId: KEY,
      name: 'a',
      role: 'admin' as const,
      agents: [],
      expiresAt: null,
      secretHash: '00',
    },
    id: 'e-1',
    timeMs: Date.now(),
    version: 1,
    tenant,
    actor: { type: 'system' as const, id: 'test' },
    aggregate: `key/${KEY}`,
  };
  const subject = subjects.key(tenant, KEY);
  await (await bus.store()).append([{ subject, expectedLastSeq: 0, events: [event] }]);
}

/** Writes what a commander of a later release would. */
async function writeTomorrow({ type, subject } = KEY_OF_TOMORROW): Promise<void> {
  const lines = headers();
  for (const [name, value] of Object.entries({
    'ce-id': 'e-2',
    'ce-type': type,
    'ce-time': new Date().toISOString(),
    'ce-writtenant': 'another',
    'ce-writversion': '1',
  }))
    lines.set(name, value);
  const ingested = ingestSubject(bus.secrets.ingest, subject);
  await operator.request(ingested, '{}', { timeout: 5000, headers: lines });
}

const common = () => ({ secrets: bus.secrets, natsUrl: bus.url, version: '0.0.0', log });
const commander = () => startCommander({ ...common(), databaseUrl: database.url });
const governor = () => startGovernor(common());

async function register() {
  const body = JSON.stringify({ agentId: 'a', name: 'a', type: 'x', version: '1.0.0' });
  const subject = subjects.command({ tenant, key: KEY, verb: 'registry.register-agent' });
  const reply = await requester.request({ subject, body, headers: [], timeoutMs: 10_000 });
  return commandReply.parse(JSON.parse(new TextDecoder().decode(reply.data)));
}

async function ask() {
  const body = JSON.stringify({
    subject: { type: 'agent', id: 'a' },
    action: { name: 'read' },
    resource: { type: 'dataset', id: 'x' },
  });
  const subject = subjects.ask(tenant, KEY, 'permission');
  const reply = await requester.request({ subject, body, headers: [], timeoutMs: 5000 });
  return JSON.parse(new TextDecoder().decode(reply.data)) as {
    decision: boolean;
    context: { code: string };
  };
}

test('a commander refuses every command, names event and role, and is not ready', async () => {
  const role = await commander();
  running.push(role);
  expect((await register()).ok).toBe(true);
  await writeTomorrow();
  await eventually(() => !role.ready().ok, PATIENT);
  expect(await register()).toMatchObject({
    ok: false,
    error: {
      code: 'EVENT_UNREADABLE',
      message: expect.stringMatching(
        `event at 3 is a .${KEY_OF_TOMORROW.type}.*upgrade the role .commander`,
      ),
    },
  });
  expect(JSON.stringify(await register())).not.toContain('secretname01');
});

test('a governor denies, leaves its queue group, and says which role to upgrade', async () => {
  const role = await governor();
  running.push(role);
  await writeTomorrow();
  await eventually(async () => {
    // Until it has left, what reaches it is denied.
    const answer = await ask().catch((error: unknown) => error as { code: string });
    if ('decision' in answer) expect(answer).toMatchObject({ decision: false });
    return 'code' in answer && answer.code === 'SERVICE_UNAVAILABLE';
  }, PATIENT);
  expect(role.ready().detail).toMatch(/event at 2 .*upgrade the role .governor/);
});

test.each([
  ['commander', commander],
  ['governor', governor],
])('a %s does not start on it', async (name, start) => {
  await writeTomorrow();
  await expect(start()).rejects.toMatchObject({
    code: 'EVENT_UNREADABLE',
    message: expect.stringContaining(`upgrade the role \`${name}\``),
  });
});

test('doctor names the event, what stands still because of it, and that every role is to be upgraded', async () => {
  const withDatabase = { ...common(), databaseUrl: database.url };
  const api = await startApi({ ...withDatabase, httpHost: '127.0.0.1', httpPort: 0 });
  const projector = await startProjector(withDatabase);
  running.push(api, projector, await governor());
  await writeTomorrow(GRANT_OF_TOMORROW);
  await expect(commander()).rejects.toThrow('upgrade the role `commander`');
  await eventually(() => projector.lag().some(({ paused }) => paused !== null), PATIENT);
  const told = await eventually(async () => {
    const text = await (await fetch(new URL('/ready', api.url))).text();
    return text.includes('no governor is ready') ? text : undefined;
  }, PATIENT);
  expect(told).not.toContain('upgrade the role `governor`');
  const file = join(bus.dataDir, 'secrets.json');
  await writeSecrets(file, bus.secrets);
  const env = {
    WRIT_DATA_DIR: join(bus.dataDir, 'nothing'),
    WRIT_NATS_CREDS: file,
    WRIT_NATS_URL: bus.url,
    WRIT_DATABASE_URL: database.url,
    WRIT_HTTP_PORT: new URL(api.url).port,
  };
  const said = await runWrit(['doctor', '--json'], { env });
  expect(said.code).toBe(1);
  const { findings } = JSON.parse(said.stdout) as { findings: object[] };
  expect(findings).toContainEqual({
    check: 'read model grants',
    state: 'failed',
    detail: expect.stringMatching(`stopped before 2 of EVENTS: .*${GRANT_OF_TOMORROW.type}`),
    remedy: expect.stringMatching(/^upgrade every role: governors and commanders/),
  });
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'roles', detail: 'no commander is heard of' }),
  );
  expect(findings).toContainEqual({
    check: 'roles',
    state: 'failed',
    detail: expect.stringMatching(/^no governor is ready: .*upgrade the role `governor`/),
  });
  expect(said.stdout).not.toContain('secretname01');
});

test('a keyring lets nobody in any more, for a revoked key would go unnoticed', async () => {
  const keyring = openKeyring({ store: await bus.store('api-store'), pepper: bus.secrets.pepper });
  await keyring.ready;
  await writeTomorrow();
  await expect(keyring.done).rejects.toMatchObject({ code: 'EVENT_UNREADABLE' });
  expect(() => keyring.verify(`writ_${KEY}_x`, 0)).toThrow(/upgrade the role .api/);
  await keyring.stop();
});
