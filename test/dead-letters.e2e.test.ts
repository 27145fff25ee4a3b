/** Dead letters as operators meet them: over the command line and HTTP, on a whole platform. */
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let writ: Writ;
let nats: NatsConnection;
let key: string;
const PATIENT = { withinMs: 60_000, everyMs: 100 };

beforeAll(async () => {
  writ = await startWrit();
  key = writ.connection.adminKey.split('_')[1] ?? '';
  nats = await connect({
    servers: writ.connection.natsUrl,
    token: writ.connection.adminKey,
    inboxPrefix: `_INBOX.${key}`,
  });
});
afterAll(async () => {
  await nats?.close();
  await writ?.stop();
});

type Letter = { id: string; status: string; retries: number; code: string; streamSeq: number };
type Detail = Letter & { outcomes: { outcome: string; by: string; code: string | null }[] };

async function ask(method: string, path: string, body?: unknown) {
  const response = await fetch(`${writ.connection.httpUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${writ.connection.adminKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function cli<T>(args: readonly string[], exitCode = 0): Promise<T> {
  const ended = await writ.run(['dlq', ...args, '--json']);
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: exitCode, stderr: '' });
  return JSON.parse(ended.stdout) as T;
}

/** Sends a grant for an agent that is not there; its dead letter as it is listed. */
async function bury(agentId: string): Promise<Letter> {
  const lines = headers();
  lines.set('Writ-Idempotency-Key', `grant-${agentId}`);
  const body = { agentId, actions: ['count'], resources: ['dataset:*'] };
  const subject = `writ.default.inbox.${key}.authority.issue-grant`;
  const ack = await nats.request(subject, JSON.stringify(body), { headers: lines, timeout: 5000 });
  const { seq } = ack.json<{ seq: number }>();
  return await eventually(async () => {
    const { items } = await cli<{ items: Letter[] }>(['list']);
    const letter = items.find(({ streamSeq }) => streamSeq === seq);
    if (letter === undefined) throw new Error(`the letter of ${seq} is not listed`);
    return letter;
  }, PATIENT);
}

async function shown(id: string, status: string): Promise<Detail> {
  return await eventually(async () => {
    const letter = await cli<Detail>(['show', id]);
    expect(letter.status).toBe(status);
    return letter;
  }, PATIENT);
}

const register = (agentId: string) =>
  ask('POST', '/v1/agents', { agentId, name: agentId, type: 'analysis', version: '1.0.0' });

test('a letter is listed, fails again with exit code 1, is handled once its cause is mended, and is listed no more', async () => {
  const letter = await bury('cause');
  expect(letter).toMatchObject({ status: 'waiting', retries: 0, code: 'AGENT_UNKNOWN' });
  const failed = await cli<{ result: object }>(['retry', letter.id], 1);
  expect(failed.result).toMatchObject({ outcome: 'failed', code: 'AGENT_UNKNOWN', by: key });
  await register('cause');
  const handled = await cli<{ result: object; events: object[] }>(['retry', letter.id]);
  expect(handled.result).toMatchObject({ outcome: 'handled', by: key });
  expect(handled.events).toHaveLength(1);
  const detail = await shown(letter.id, 'handled');
  expect(detail.outcomes.map(({ outcome, by }) => ({ outcome, by }))).toEqual([
    { outcome: 'failed', by: key },
    { outcome: 'handled', by: key },
  ]);
  expect((await cli<{ items: Letter[] }>(['list'])).items).toEqual([]);
  const all = await cli<{ items: Letter[] }>(['list', '--status', 'all']);
  expect(all.items.map(({ id, retries }) => ({ id, retries }))).toEqual([
    { id: letter.id, retries: 2 },
  ]);
});

test('over HTTP a letter is retried and dropped, and a dropped one is refused', async () => {
  const [mended, mistaken] = [await bury('mended'), await bury('mistaken')];
  await register('mended');
  const retried = await ask('POST', `/v1/dead-letters/${mended.id}/retry`);
  expect(retried).toMatchObject({
    status: 200,
    body: { ok: true, result: { outcome: 'handled' } },
  });
  const grants = await eventually(async () => {
    const { body } = await ask('GET', '/v1/grants?agentId=mended');
    return (body['items'] as object[]).length > 0 ? (body['items'] as object[]) : undefined;
  }, PATIENT);
  expect(grants).toHaveLength(1);
  const dropped = await ask('DELETE', `/v1/dead-letters/${mistaken.id}`, { reason: 'a mistake' });
  expect(dropped).toMatchObject({ status: 200, body: { result: { outcome: 'dropped' } } });
  await shown(mistaken.id, 'dropped');
  const refused = await ask('POST', `/v1/dead-letters/${mistaken.id}/retry`);
  expect(refused).toMatchObject({ status: 409, body: { code: 'DEAD_LETTER_CLOSED' } });
  expect((await ask('DELETE', '/v1/dead-letters/inbox-99-99')).status).toBe(404);
});

test('a drop says so, and an agent may neither', async () => {
  const letter = await bury('nobody');
  const created = await ask('POST', '/v1/keys', { name: 'w', role: 'agent', agents: ['*'] });
  const { key: apiKey } = (created.body as { result: { key: string } }).result;
  const path = `${writ.connection.httpUrl}/v1/dead-letters/${letter.id}`;
  const asAgent = { headers: { authorization: `Bearer ${apiKey}` } };
  await eventually(async () => {
    expect((await fetch(`${path}/retry`, { method: 'POST', ...asAgent })).status).toBe(403);
    return true;
  }, PATIENT);
  expect((await fetch(path, { method: 'DELETE', ...asAgent })).status).toBe(403);
  const ended = await writ.run(['dlq', 'drop', letter.id, '--reason', 'no such agent']);
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('is dropped') });
});
