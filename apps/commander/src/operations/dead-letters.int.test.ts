import {
  type DeadLetters,
  openDeadLetters,
  openRequester,
  type Requester,
  type RunningRole,
} from '@writ/bus';
import { type CommandReply, commandReply, subjects } from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import {
  eventually,
  startTestBus,
  type TestBus,
  type TestDatabase,
  testDatabase,
} from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCommander } from '../index.ts';
import { seedKey } from '../seed-key.testkit.ts';

const ADMIN = 'adminkey00001';
const OTHER = 'adminkey00002';
const WORKER = 'workerkey0001';
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const tenant = 'default';
const PATIENT = { withinMs: 40_000 };

let bus: TestBus;
let database: TestDatabase;
let commanders: RunningRole[];
let requester: Requester;
let sender: Requester;
let letters: DeadLetters;

beforeAll(async () => {
  [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  const store = await bus.store();
  await seedKey(store, { tenant, keyId: ADMIN, role: 'admin', agents: [] });
  await seedKey(store, { tenant, keyId: OTHER, role: 'admin', agents: [] });
  await seedKey(store, { tenant, keyId: WORKER, role: 'agent', agents: ['town:*'] });
  const options = {
    secrets: bus.secrets,
    natsUrl: bus.url,
    databaseUrl: database.url,
    version: '0.0.0',
    log: silent,
  };
  commanders = await Promise.all([startCommander(options), startCommander(options)]);
  requester = openRequester(await bus.connect('api-store'));
  const operator = await bus.connect('operator');
  sender = openRequester(operator);
  letters = openDeadLetters({ connection: operator, ingest: bus.secrets.ingest });
});

afterAll(async () => {
  await Promise.all((commanders ?? []).map((commander) => commander.stop()));
  await Promise.all([bus?.stop(), database?.drop()]);
});

async function migrated(url: string): Promise<void> {
  const readModels = openStore(url, { max: 1 });
  await migrate(readModels).finally(() => readModels.close());
}

type More = { readonly key?: string; readonly idempotencyKey?: string };

async function give(verb: string, body: unknown, more: More = {}): Promise<CommandReply> {
  const lines =
    more.idempotencyKey === undefined
      ? []
      : [['Writ-Idempotency-Key', more.idempotencyKey] as const];
  const reply = await requester.request({
    subject: subjects.command({ tenant, key: more.key ?? ADMIN, verb }),
    body: JSON.stringify(body),
    headers: lines,
    timeoutMs: 15_000,
  });
  return commandReply.parse(JSON.parse(new TextDecoder().decode(reply.data)));
}

async function done(...args: Parameters<typeof give>) {
  const reply = await give(...args);
  if (!reply.ok) throw new Error(`refused: ${JSON.stringify(reply.error)}`);
  return reply;
}

async function refused(...args: Parameters<typeof give>) {
  const reply = await give(...args);
  if (reply.ok) throw new Error(`was not refused: ${JSON.stringify(reply)}`);
  return reply.error;
}

/** Sends a command to INBOX that comes to nothing; its dead letter. */
async function bury(verb: string, body: unknown, more: More = {}) {
  const lines =
    more.idempotencyKey === undefined
      ? []
      : [['Writ-Idempotency-Key', more.idempotencyKey] as const];
  return await post(subjects.inbox({ tenant, key: more.key ?? ADMIN, verb }), body, lines);
}

async function post(
  subject: string,
  body: unknown,
  lines: readonly (readonly [string, string])[] = [],
) {
  const text = JSON.stringify(body);
  const ack = await sender.request({ subject, body: text, headers: lines, timeoutMs: 5000 });
  const { seq } = JSON.parse(new TextDecoder().decode(ack.data)) as { seq: number };
  return await letterOf(seq);
}

async function letterOf(seq: number) {
  return await eventually(async () => {
    const found = await letters.list({ tenant, limit: 100 });
    const letter = found.find((entry) => entry.letter.seq === seq)?.letter;
    if (letter === undefined) throw new Error(`there is no letter of ${seq} yet`);
    return letter;
  }, PATIENT);
}

const agent = (name: string) => ({
  agentId: `town:${name}`,
  name,
  type: 'analysis',
  version: '1.0.0',
});
const grant = (name: string) => ({
  agentId: `town:${name}`,
  actions: ['count'],
  resources: ['dataset:*'],
});
const feedback = (name: string) => ({
  feedbackId: `fb-${name}`,
  agentId: `town:${name}`,
  rating: 0.9,
  source: 'human',
  rater: 'usr_dana',
  severity: 'normal',
});
const retry = 'operations.retry-dead-letter';
const drop = 'operations.drop-dead-letter';

async function eventsOf(subject: string) {
  return (await (await bus.store('api-store')).load(subject)).events;
}

describe('a retry', () => {
  test('gives the original again under its own caller, and records who and what came of it', async () => {
    const letter = await bury('trust.give-feedback', feedback('late'));
    expect(letter).toMatchObject({ code: 'AGENT_UNKNOWN', keyId: ADMIN });
    const before = await done(retry, { letterId: letter.id }, { key: OTHER });
    expect(before.events).toEqual([]);
    expect(before.result).toMatchObject({ outcome: 'failed', code: 'AGENT_UNKNOWN', by: OTHER });
    await done('registry.register-agent', agent('late'));
    const reply = await done(retry, { letterId: letter.id }, { key: OTHER });
    expect(reply.result).toMatchObject({ outcome: 'handled', seq: reply.seq, by: OTHER });
    const [given, ...more] = await eventsOf(subjects.facts(tenant, 'town:late'));
    expect(more).toEqual([]);
    expect(given).toMatchObject({
      id: reply.events[0]?.id,
      seq: reply.seq,
      actor: { type: 'api_key', id: ADMIN },
      idempotencyKey: letter.id,
    });
    expect(await letters.outcomesOf(tenant, letter.id)).toMatchObject([
      { outcome: 'failed', by: OTHER, code: 'AGENT_UNKNOWN', seq: null },
      { outcome: 'handled', by: OTHER, code: null, seq: reply.seq },
    ]);
  });

  test.each([
    ['its own idempotency key', 'brought-1'],
    ['none, by its place in INBOX', undefined],
  ])('of what was stored meanwhile under %s stores nothing twice', async (_, idempotencyKey) => {
    const name = idempotencyKey === undefined ? 'placed' : 'keyed';
    const key = idempotencyKey === undefined ? {} : { idempotencyKey };
    const letter = await bury('authority.issue-grant', grant(name), key);
    await done('registry.register-agent', agent(name));
    const meanwhile = await done('authority.issue-grant', grant(name), {
      idempotencyKey: idempotencyKey ?? letter.id,
    });
    const reply = await done(retry, { letterId: letter.id });
    expect(reply.events).toEqual(meanwhile.events);
    expect(await eventsOf(subjects.grants(tenant, `town:${name}`))).toHaveLength(1);
  });

  test('of a letter that is handled changes nothing, and under its own key repeats its reply', async () => {
    const letter = await bury('authority.issue-grant', grant('twice'));
    await done('registry.register-agent', agent('twice'));
    const idempotencyKey = 'retry-1';
    const first = await done(retry, { letterId: letter.id }, { idempotencyKey });
    const again = await done(retry, { letterId: letter.id }, { idempotencyKey });
    expect({ ...again.result, result: undefined }).toEqual({ ...first.result, result: undefined });
    expect(again.events).toEqual(first.events);
    expect((await done(retry, { letterId: letter.id })).events).toEqual([]);
    expect((await refused(drop, { letterId: letter.id })).code).toBe('DEAD_LETTER_CLOSED');
    expect(await letters.outcomesOf(tenant, letter.id)).toHaveLength(1);
    expect(await eventsOf(subjects.grants(tenant, 'town:twice'))).toHaveLength(1);
  });

  test('that failed uses up no idempotency key', async () => {
    const letter = await bury('authority.issue-grant', grant('patient'));
    const more = { idempotencyKey: 'retry-2' };
    expect((await done(retry, { letterId: letter.id }, more)).result['outcome']).toBe('failed');
    await done('registry.register-agent', agent('patient'));
    expect((await done(retry, { letterId: letter.id }, more)).result['outcome']).toBe('handled');
  });

  test('from several operators at once stores one event', async () => {
    const letter = await bury('authority.issue-grant', grant('crowd'));
    await done('registry.register-agent', agent('crowd'));
    const replies = await Promise.all(
      Array.from({ length: 6 }, (__, i) =>
        done(retry, { letterId: letter.id }, { key: i % 2 === 0 ? ADMIN : OTHER }),
      ),
    );
    expect(replies.map((reply) => reply.result['outcome'])).toEqual(replies.map(() => 'handled'));
    expect(await eventsOf(subjects.grants(tenant, 'town:crowd'))).toHaveLength(1);
  });

  test('fails where the key of the original may not do it any more', async () => {
    const created = await done('tenancy.create-key', {
      name: 'x',
      role: 'agent',
      agents: ['town:*'],
    });
    const key = String(created.result['keyId']);
    const letter = await bury(
      'execution.start',
      { agentId: 'town:nobody', action: 'count', resource: 'dataset:x' },
      { key },
    );
    await done('tenancy.revoke-key', { keyId: key });
    await eventually(
      async () => (await done(retry, { letterId: letter.id })).result['code'] === 'UNAUTHENTICATED',
      PATIENT,
    );
  });

  test('of what can never be done is told so each time', async () => {
    const letter = await post(`writ.default.inbox.${ADMIN}.a`, {});
    expect((await done(retry, { letterId: letter.id })).result['code']).toBe('VERB_UNKNOWN');
    const ofRetry = await bury(retry, { letterId: 'nothing' });
    expect((await done(retry, { letterId: ofRetry.id })).result['code']).toBe('NOT_ALLOWED');
  });
});

describe('a drop', () => {
  test('is recorded with who and why, and ends the letter', async () => {
    const letter = await bury('authority.issue-grant', grant('dropped'));
    const body = { letterId: letter.id, reason: 'sent by mistake' };
    const reply = await done(drop, body, { key: OTHER });
    expect(reply.result).toMatchObject({ outcome: 'dropped', by: OTHER });
    expect((await done(drop, body)).result).toMatchObject({ outcome: 'dropped', by: OTHER });
    await done('registry.register-agent', agent('dropped'));
    expect((await refused(retry, { letterId: letter.id })).code).toBe('DEAD_LETTER_CLOSED');
    expect(await eventsOf(subjects.grants(tenant, 'town:dropped'))).toEqual([]);
    expect(await letters.outcomesOf(tenant, letter.id)).toMatchObject([
      { outcome: 'dropped', by: OTHER, reason: 'sent by mistake' },
    ]);
  });
});

describe('commands on dead letters', () => {
  test.each([retry, drop])(
    '%s is for administrators, and for letters that there are',
    async (verb) => {
      const letter = await bury(
        'execution.start',
        { agentId: 'town:nobody', action: 'count', resource: 'dataset:x' },
        { key: WORKER },
      );
      expect((await refused(verb, { letterId: letter.id }, { key: WORKER })).code).toBe(
        'NOT_ALLOWED',
      );
      expect((await refused(verb, { letterId: 'inbox-1-1' })).code).toBe('NOT_FOUND');
      expect((await refused(verb, { letterId: 'a.b' })).code).toBe('BODY_INVALID');
    },
  );
});
