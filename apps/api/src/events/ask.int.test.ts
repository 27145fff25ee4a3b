import { type EventView, encodeToken, errorCatalogue, subjects } from '@writ/contracts';
import type { NatsConnection } from '@writ/bus';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiBench } from '../api.fixture.ts';

let bench: ApiBench;
let asking: NatsConnection;
let admin: string;
let agent: string;
let revoked: string;

beforeAll(async () => {
  bench = await ApiBench.start();
  // The broker proves whose key is in a subject; here the API's own connection stands in for the callers.
  asking = await bench.bus.connect('api-store');
  admin = (await bench.key('admin')).keyId;
  agent = (await bench.key('agent', ['lab:*'])).keyId;
  revoked = (await bench.key('admin')).keyId;
  await bench.revoke(revoked);
  for (const id of ['lab:one', 'lab:two', 'other:one']) {
    await bench.register(id);
    await bench.suspend(id);
  }
  await bench.project();
  await eventually(async () => 'items' in (await ask('events', agent, {})).body);
});
afterAll(() => bench.stop());

type Reply = {
  readonly body: {
    items?: EventView[];
    nextCursor?: string | null;
    error?: { code: string; message: string };
  };
  readonly code: string | undefined;
  readonly token: string | undefined;
};

async function ask(question: 'events' | 'agents', key: string, body: unknown): Promise<Reply> {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const reply = await asking.request(subjects.ask('default', key, question), payload, {
    timeout: 5000,
  });
  const header = (name: string) => (reply.headers?.has(name) ? reply.headers.get(name) : undefined);
  return {
    body: reply.json(),
    code: header('Nats-Service-Error-Code'),
    token: header('Writ-Token'),
  };
}

const agentsIn = ({ body }: Reply) =>
  [...new Set(body.items?.map(({ agentId }) => agentId))].sort();

test('an administrator reads the whole log, in pages', async () => {
  const first = await ask('events', admin, { limit: 5 });
  expect(first.body.items).toHaveLength(5);
  expect(first.token).toMatch(/^w1\./);
  const second = await ask('events', admin, { limit: 500, cursor: first.body.nextCursor });
  const { lastSeq } = await bench.log.status();
  expect([...(first.body.items ?? []), ...(second.body.items ?? [])].map(({ seq }) => seq)).toEqual(
    Array.from({ length: lastSeq }, (_, i) => i + 1),
  );
  expect(second.body.nextCursor).toBeNull();
});

test('an agent reads the events of the agents it speaks for, and no others', async () => {
  expect(agentsIn(await ask('events', agent, {}))).toEqual(['lab:one', 'lab:two']);
  expect(agentsIn(await ask('events', agent, { agentId: 'lab:two' }))).toEqual(['lab:two']);
  const refused = await ask('events', agent, { agentId: 'other:one' });
  expect(refused.body).toMatchObject({ ok: false, error: { code: 'NOT_ALLOWED' } });
  expect(refused.code).toBe('403');
});

test('events are narrowed by sequence, type and time', async () => {
  const { body } = await ask('events', admin, {
    type: 'AgentSuspended',
    from: 1,
    to: 1000,
    since: '2020-01-01T00:00:00Z',
  });
  expect(body.items?.map(({ type }) => type)).toEqual(
    Array(3).fill('dev.writ.registry.AgentSuspended.v1'),
  );
});

test('agents are discovered as over HTTP, by any key', async () => {
  const found = await ask('agents', agent, { capability: ['csv'], status: 'suspended', limit: 2 });
  expect(found.body.items).toHaveLength(2);
  expect(found.body.nextCursor).toEqual(expect.any(String));
  expect(found.token).toMatch(/^w1\./);
});

test.each([
  ['that is not JSON', '{', 'BODY_MALFORMED'],
  ['that is no object', '[]', 'BODY_INVALID'],
  ['with a member that is not known', { agent: 'x' }, 'BODY_INVALID'],
  ['with a limit over the limit', { limit: 501 }, 'BODY_INVALID'],
  ['with a cursor of another list', { cursor: 'x' }, 'CURSOR_INVALID'],
  [
    'with a token of another cell',
    { atLeast: encodeToken({ cell: 'c0', segment: 1, seq: 1 }) },
    'TOKEN_INVALID',
  ],
  ['of five thousand levels', '['.repeat(5000), 'BODY_TOO_DEEP'],
] as const)('a question %s is refused', async (_what, body, code) => {
  for (const question of ['events', 'agents'] as const) {
    const refused = await ask(question, admin, body);
    expect(refused.body).toMatchObject({ ok: false, error: { code } });
    expect(refused.code).toBe(String(errorCatalogue[code].status));
  }
});

test('a key that was revoked or never was gets no answer but a refusal', async () => {
  for (const key of [revoked, 'abcdefghij12'])
    for (const question of ['events', 'agents'] as const)
      expect((await ask(question, key, {})).body).toMatchObject({
        ok: false,
        error: { code: 'UNAUTHENTICATED' },
      });
});

test('a question without a body is the one without a filter', async () => {
  expect((await ask('events', admin, '')).body.items?.length).toBeGreaterThan(0);
});
