/** What a client with a key, or with none, can try on the bus; by a plain NATS client that shares no code with the platform. */
import { connect, headers, nkeyAuthenticator } from '@nats-io/transport-node';
import { connectAs, openEventStore, readSecrets, type Secrets } from '@writ/bus';
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Client,
  command,
  expectPublishRefused,
  expectSubscribeRefused,
  login,
  type Reply,
} from './plain-client.ts';

let writ: Writ;
let secrets: Secrets;
let admin: Client;
let mallory: Client;
let victim: Client;
let victimKey: string;
/** The ids of the events that this file's own commands stored. */
const legitimate: string[] = [];

beforeAll(async () => {
  writ = await startWrit();
  secrets = await readSecrets(`${writ.dataDir}/secrets.json`);
  admin = await join(writ.connection.adminKey);
  mallory = await join(await newKey('town:mallory'));
  victimKey = await newKey('town:victim');
  victim = await join(victimKey);
  await give(victim, 'registry.register-agent', agent('town:victim'));
});

afterAll(async () => {
  await Promise.all(clients.map(({ connection }) => connection.close()));
  await writ?.stop();
});

const clients: Client[] = [];

async function join(token: string, more: { reconnect?: boolean } = {}): Promise<Client> {
  const client = await login(writ.connection.natsUrl, token, more);
  clients.push(client);
  return client;
}

/** Gives a command, and remembers what it stored. */
async function give(client: Client, verb: string, body: object): Promise<Reply> {
  const reply = await command(client, verb, body);
  legitimate.push(...(reply.events ?? []).map(({ id }) => id));
  return reply;
}

async function newKey(agentId: string): Promise<string> {
  const body = { name: agentId, role: 'agent', agents: [agentId] };
  return (await give(admin, 'tenancy.create-key', body)).result?.key ?? '';
}

function agent(agentId: string): object {
  return { agentId, name: agentId, type: 'test', version: '1.0.0' };
}

/** Every event of the log, as the operator's own connection reads it. */
async function log() {
  const connection = await connectAs(secrets, 'operator', { servers: writ.connection.natsUrl });
  try {
    const { cell, ingest } = secrets;
    return await openEventStore({ connection, cell, ingest }).read({ fromSeq: 1, limit: 1000 });
  } finally {
    await connection.close();
  }
}

const forgedSubject = 'writ.default.evt.registry.agent.town.victim';

test.each([
  ['a wrong secret', () => ({ token: `writ_${victim.keyId}_${'0'.repeat(32)}` })],
  ['the secret of another key', () => ({ token: victimKey.replace(victim.keyId, mallory.keyId) })],
  ['a key that does not exist', () => ({ token: `writ_abcdefghij_${'0'.repeat(32)}` })],
  ['something that is no key', () => ({ token: 'admin' })],
  ['nothing', () => ({})],
  ['a user and a password', () => ({ user: 'admin', pass: 'admin' })],
  ['an nkey of nobody', () => ({ authenticator: nkeyAuthenticator(strangersSeed) })],
])('a login with %s is refused', async (_, credentials) => {
  await expect(
    connect({ servers: writ.connection.natsUrl, reconnect: false, ...credentials() }),
  ).rejects.toMatchObject({ name: 'AuthorizationError' });
});

const strangersSeed = new TextEncoder().encode(
  'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY',
);

test.each(['cmd', 'inbox'])("a key can not publish to another key's %s", async (kind) => {
  const verb = 'registry.register-agent';
  await expectPublishRefused(mallory, `writ.default.${kind}.${victim.keyId}.${verb}`);
  await expectPublishRefused(mallory, `writ.other.${kind}.${mallory.keyId}.${verb}`);
});

test('a key can not ask in the name of another', async () => {
  for (const question of ['permission', 'permissions', 'validation', 'events', 'agents'])
    await expectPublishRefused(mallory, `writ.default.ask.${victim.keyId}.${question}`);
});

test("an agent's key can not give an operator's commands", async () => {
  for (const verb of ['tenancy.create-key', 'authority.issue-grant', 'registry.suspend-agent'])
    for (const kind of ['cmd', 'inbox'])
      await expectPublishRefused(mallory, `writ.default.${kind}.${mallory.keyId}.${verb}`);
});

test('no key can speak on the private path of governors to the commander, not even as itself', async () => {
  for (const client of [mallory, admin])
    for (const key of [client.keyId, victim.keyId])
      for (const verb of ['reserve-use', 'anything'])
        await expectPublishRefused(client, `writ.default.gov.${key}.${verb}`);
});

test('neither an agent nor an administrator can publish what only the log publishes', async () => {
  for (const client of [mallory, admin])
    for (const subject of [
      forgedSubject,
      'writ.default.evt.tenancy.key.abcdefghij',
      'writ.default.dec.governor-1',
      'writ.default.ops.dead-letter.x',
    ])
      await expectPublishRefused(client, subject);
});

test('knowing the secret of the ingest prefix does not let a client publish there', async () => {
  for (const client of [mallory, admin])
    for (const kind of ['evt.registry.agent.town.victim', 'dec.governor-1', 'ops.dead-letter.x'])
      await expectPublishRefused(client, `_writ.${secrets.ingest}.default.${kind}`);
});

test('no client has a right on the JetStream API, or on what acknowledges for it', async () => {
  for (const client of [mallory, admin]) {
    for (const request of [
      'INFO',
      'STREAM.LIST',
      'STREAM.INFO.EVENTS-1',
      'STREAM.MSG.GET.EVENTS-1',
      'STREAM.PURGE.EVENTS-1',
      'STREAM.DELETE.EVENTS-1',
      'DIRECT.GET.EVENTS-1',
      'CONSUMER.CREATE.EVENTS-1.x',
      'CONSUMER.MSG.NEXT.INBOX.commander',
    ])
      await expect(
        client.connection.request(`$JS.API.${request}`, '', { timeout: 5000 }),
      ).rejects.toThrow('Permissions Violation');
    await expectPublishRefused(client, '$JS.ACK.INBOX.commander.1.1.1.1.1');
    await expectPublishRefused(client, '$SYS.REQ.SERVER.PING.CONNZ');
  }
});

test("no client can listen to everything, to roles, or to another key's replies", async () => {
  const nobodys = ['>', '_writ.>', '$SYS.>', '$JS.>', 'writ.>', '_INBOX.role.>', '*.*.cmd.>'];
  for (const client of [mallory, admin])
    for (const subject of nobodys) await expectSubscribeRefused(client, subject);
  for (const subject of [
    '_INBOX.>',
    `_INBOX.${victim.keyId}.>`,
    'writ.default.evt.>',
    'writ.default.evt.registry.agent.town.victim',
    'writ.default.dec.>',
    `writ.default.ask.${victim.keyId}.>`,
    '$SRV.>',
  ])
    await expectSubscribeRefused(mallory, subject);
});

test('an administrator that listens to all inboxes hears no role', async () => {
  const heard: string[] = [];
  const subscription = admin.connection.subscribe('_INBOX.>', {
    callback: (_, message) => void heard.push(message.subject),
  });
  await give(victim, 'registry.register-agent', agent('town:victim'));
  await eventually(() => heard.some((subject) => subject.startsWith(`_INBOX.${victim.keyId}.`)));
  expect(heard.filter((subject) => subject.startsWith('_INBOX.role'))).toEqual([]);
  subscription.unsubscribe();
});

test('what JetStream acknowledges to a subject of the log is not in the log', async () => {
  const before = (await log()).length;
  const inbox = `writ.default.inbox.${mallory.keyId}.registry.register-agent`;
  const live: boolean[] = [];
  admin.connection.subscribe(forgedSubject, {
    callback: (_, message) => void live.push(message.headers?.has('Nats-Sequence') ?? false),
  });
  await admin.connection.flush();
  mallory.connection.publish(inbox, 'not a command', { reply: forgedSubject });
  const elsewhere = ['cmd', 'inbox'].map(
    (kind) => `writ.default.${kind}.${admin.keyId}.tenancy.create-key`,
  );
  for (const reply of ['_writ.guess.default.evt.a.b.c', ...elsewhere])
    mallory.connection.publish(inbox, 'not a command', { reply });
  // The acknowledgement does reach those who listen, without what marks an event of the log.
  await eventually(() => live.length === 1);
  expect(live).toEqual([false]);
  expect(await log()).toHaveLength(before);
});

test('what JetStream acknowledges to its own API does nothing there', async () => {
  const api = [
    ...[
      'PURGE',
      'DELETE',
      'UPDATE',
      'MSG.DELETE',
      'LEADER.STEPDOWN',
      'RESTORE',
      'SNAPSHOT',
    ].flatMap((verb) =>
      ['INBOX', 'OPS', 'DECISIONS', 'EVENTS-1'].map((name) => `STREAM.${verb}.${name}`),
    ),
    ...['DELETE', 'PAUSE', 'RESET', 'UNPIN', 'LEADER.STEPDOWN', 'MSG.NEXT'].map(
      (verb) => `CONSUMER.${verb}.INBOX.commander`,
    ),
  ];
  const inbox = `writ.default.inbox.${mallory.keyId}.registry.register-agent`;
  for (const request of api)
    mallory.connection.publish(inbox, 'not a command', { reply: `$JS.API.${request}` });
  mallory.connection.publish(inbox, JSON.stringify(agent('town:mallory')));
  await mallory.connection.flush();
  const registered = await eventually(async () =>
    (await log()).find(({ subject }) => subject.endsWith('.town.mallory')),
  );
  legitimate.push(registered?.id ?? '');
  expect(await writ.run(['streams', 'check'])).toMatchObject({ code: 0 });
});

test('a trace of a message goes nowhere that its sender could not publish to', async () => {
  const subject = `writ.default.inbox.${mallory.keyId}.registry.register-agent`;
  const destinations = [
    'writ.default.evt.traced.a.b',
    `_writ.${secrets.ingest}.default.evt.traced.a.b`,
    `_INBOX.${victim.keyId}.traced`,
  ];
  for (const destination of destinations) {
    const traced = headers();
    traced.set('Nats-Trace-Dest', destination);
    mallory.connection.publish(subject, 'not a command', { headers: traced });
  }
  await mallory.connection.flush();
  await eventually(() => destinations.every((destination) => mallory.refused.has(destination)));
});

test('an answer to a command goes nowhere but to an inbox, and such a command is not done', async () => {
  const ingested = `_writ.${secrets.ingest}.default.evt.registry.agent.town.victim`;
  const subject = `writ.default.cmd.${mallory.keyId}.registry.register-agent`;
  for (const reply of [forgedSubject, ingested, '$JS.API.STREAM.PURGE.EVENTS-1', 'writ.x'])
    mallory.connection.publish(
      subject,
      JSON.stringify({ ...agent('town:mallory'), name: 'forged' }),
      { reply },
    );
  const ask = `writ.default.ask.${mallory.keyId}.permission`;
  for (const reply of [forgedSubject, ingested]) mallory.connection.publish(ask, '{}', { reply });
  await mallory.connection.flush();
  // The responders answer in turn: when this is answered, those were handled.
  await give(victim, 'registry.register-agent', agent('town:victim'));
  expect((await log()).map(({ id }) => id).slice(1)).toEqual(legitimate);
});

test('an answer to a service ping goes nowhere but to an inbox', async () => {
  await expectPublishRefused(mallory, '$SRV.PING');
  const before = (await log()).length;
  const heard: string[] = [];
  admin.connection.subscribe('writ.default.evt.>', {
    callback: (_, message) => void heard.push(message.string()),
  });
  await admin.connection.flush();
  for (const kind of ['PING', 'INFO', 'STATS'])
    for (const reply of [forgedSubject, `_writ.${secrets.ingest}.default.evt.a.b.c`])
      admin.connection.publish(`$SRV.${kind}`, '', { reply });
  const services = await admin.connection.requestMany('$SRV.PING', '', { maxWait: 500 });
  for await (const service of services)
    expect(service.json<{ name: string }>().name).toMatch(/^writ-/);
  expect(heard).toEqual([]);
  expect(await log()).toHaveLength(before);
});

test('headers that name the log change nothing for a client', async () => {
  const forged = headers();
  forged.set('Nats-Expected-Last-Subject-Sequence', '0');
  forged.set('ce-type', 'dev.writ.registry.AgentRegistered.v1');
  const subject = 'writ.default.evt.registry.agent.town.headers';
  mallory.connection.publish(subject, '{}', { headers: forged });
  await mallory.connection.flush();
  await eventually(() => mallory.refused.has(subject));
});

test('a revoked key is disconnected and does not come back', async () => {
  const apiKey = await newKey('town:fired');
  const fired = [
    await join(apiKey, { reconnect: false }),
    await join(apiKey, { reconnect: false }),
  ];
  await give(admin, 'tenancy.revoke-key', { keyId: fired[0]?.keyId });
  await Promise.all(fired.map(({ connection }) => connection.closed()));
  await expect(join(apiKey, { reconnect: false })).rejects.toMatchObject({
    name: 'AuthorizationError',
  });
});

test('after all of it the log has exactly the events that its own clients were told of', async () => {
  const [first, ...others] = await log();
  expect(first).toMatchObject({ type: 'KeyCreated', seq: 1, actor: { type: 'system' } });
  expect(others.map(({ id }) => id)).toEqual(legitimate);
});
