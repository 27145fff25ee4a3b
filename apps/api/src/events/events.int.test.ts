import { encodeToken, type EventView, subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiBench, requestOf } from '../api.fixture.ts';

let bench: ApiBench;
let admin: string;
let agent: { readonly keyId: string; readonly apiKey: string };
let first = 0;
const startMs = Date.UTC(2026, 0, 1);

beforeAll(async () => {
  bench = await ApiBench.start();
  admin = (await bench.key('admin')).apiKey;
  agent = await bench.key('agent', ['lab:*']);
  await eventually(
    async () => (await bench.ask('GET', '/v1/keys', { key: agent.apiKey })).status === 403,
  );
  first = await bench.register('lab:one');
  for (let i = 0; i < 30; i++)
    await bench.suspend(i % 2 === 0 ? 'lab:one' : 'lab:two', {
      timeMs: startMs + i * 60_000,
      correlationId: i < 10 ? 'early' : 'late',
    });
  await bench.tell(
    subjects.agent('other', 'lab:one'),
    { type: 'AgentSuspended', data: { agentId: 'lab:one', reason: null } },
    { tenant: 'other' },
  );
});
afterAll(() => bench.stop());

type Page = { readonly items: EventView[]; readonly nextCursor: string | null };

async function page(query: string, key = admin, path = '/v1/events'): Promise<Page> {
  const answered = await bench.ask('GET', `${path}?${query}`, { key });
  expect(answered.status, answered.text).toBe(200);
  return answered.body as Page;
}

async function every(query: string, path = '/v1/events', key = admin): Promise<EventView[]> {
  const items: EventView[] = [];
  for (let cursor = ''; ; ) {
    const one = await page(`${query}${cursor}`, key, path);
    items.push(...one.items);
    if (one.nextCursor === null) return items;
    cursor = `&cursor=${one.nextCursor}`;
  }
}

describe('history', () => {
  test('is the log in its order, of the key’s tenant alone', async () => {
    const items = await every('limit=7');
    expect(items.map(({ seq }) => seq)).toEqual(
      Array.from({ length: first + 30 }, (_, i) => i + 1),
    );
    expect(new Set(items.map(({ tenant }) => tenant))).toEqual(new Set(['default']));
  });

  test('shows an event with its envelope and its data', async () => {
    const [event] = (await page(`from=${first}&limit=1`)).items;
    expect(event).toMatchObject({
      seq: first,
      type: 'dev.writ.registry.AgentRegistered.v1',
      tenant: 'default',
      subject: 'writ.default.evt.registry.agent.lab.one',
      agentId: 'lab:one',
      version: 1,
      actor: { type: 'api_key', id: 'k0admin0000' },
      data: { agentId: 'lab:one', capabilities: ['csv'] },
    });
  });

  test('never shows the hash of a key’s secret', async () => {
    const keys = await every('type=KeyCreated');
    expect(keys).toHaveLength(2);
    expect(JSON.stringify(keys)).not.toContain('secretHash');
  });

  test('is narrowed by sequence, type, agent, correlation and time', async () => {
    expect((await every(`from=${first}&to=${first + 2}`)).map(({ seq }) => seq)).toEqual([
      first,
      first + 1,
      first + 2,
    ]);
    expect(await every('type=dev.writ.registry.AgentRegistered.v1')).toHaveLength(1);
    expect(await every('agentId=lab:two')).toHaveLength(15);
    expect(await every('correlationId=early')).toHaveLength(10);
    const since = new Date(startMs + 10 * 60_000).toISOString();
    const until = new Date(startMs + 20 * 60_000).toISOString();
    expect(await every(`type=AgentSuspended&since=${since}&until=${until}`)).toHaveLength(10);
  });

  test('of one agent is its own page, which its key may read', async () => {
    const mine = await every('limit=4', '/v1/agents/lab:one/events', agent.apiKey);
    expect(mine).toHaveLength(16);
    expect(new Set(mine.map(({ agentId }) => agentId))).toEqual(new Set(['lab:one']));
  });

  test('refuses a type that no event has, and says which there are', async () => {
    const answered = await bench.ask('GET', '/v1/events?type=Nothing', { key: admin });
    expect(answered.body).toMatchObject({ code: 'QUERY_INVALID', errors: [{ path: 'type' }] });
    expect(answered.text).toContain('AgentRegistered');
  });

  test('is read as fresh as a token asks, and says how far it has got when it is not there yet', async () => {
    const { lastSeq } = await bench.log.status();
    const token = (seq: number) => encodeToken({ cell: bench.log.cell, segment: 1, seq });
    const next = bench.ask('GET', `/v1/events?from=${lastSeq + 1}&atLeast=${token(lastSeq + 1)}`, {
      key: admin,
    });
    await bench.suspend('lab:two');
    const answered = await next;
    expect((answered.body as Page).items.map(({ seq }) => seq)).toEqual([lastSeq + 1]);
    expect(answered.headers.get('writ-token')).toBe(token(lastSeq + 1));
    const stale = await bench.ask('GET', `/v1/events?atLeast=${token(lastSeq + 1000)}`, {
      key: admin,
    });
    expect(stale.body).toMatchObject({
      code: 'STALE_STATE',
      detail: expect.stringContaining(`${lastSeq + 1}`),
    });
  });
});

type Stream = {
  readonly status: number;
  ids(): number[];
  readonly ended: Promise<void>;
  leave(): void;
  text(): string;
};

async function openStream(
  query = '',
  headers: Record<string, string> = {},
  key = admin,
): Promise<Stream> {
  const leave = new AbortController();
  const response = await fetch(`${bench.api.url}/v1/events/stream${query}`, {
    ...requestOf('GET', { key, headers }),
    signal: leave.signal,
  });
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      text += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch(() => undefined);
  const ids = () =>
    text
      .split('\n\n')
      .filter((block) => block.includes('\ndata: '))
      .map((block) => Number(/^id: (\d+)/m.exec(block)?.[1]));
  return { status: response.status, ids, ended, leave: () => leave.abort(), text: () => text };
}

describe('the stream', () => {
  test('begins now and brings what comes, with the sequence as id', async () => {
    const stream = await openStream();
    const one = await bench.suspend('lab:one');
    const two = await bench.suspend('lab:two');
    await eventually(() => stream.ids().length === 2);
    expect(stream.ids()).toEqual([one, two]);
    expect(JSON.parse(/data: (.*)/.exec(stream.text())?.[1] ?? '')).toMatchObject({
      seq: one,
      agentId: 'lab:one',
    });
    stream.leave();
    await stream.ended;
  });

  test('goes on after the last event that a client had, without a gap or a double', async () => {
    const { lastSeq } = await bench.log.status();
    const stream = await openStream('', { 'last-event-id': String(first) });
    const next = await bench.suspend('lab:one');
    await eventually(() => stream.ids().includes(next));
    const wanted = (await every(`from=${first + 1}`)).map(({ seq }) => seq);
    expect(stream.ids()).toEqual(wanted);
    expect(next).toBe(lastSeq + 1);
    stream.leave();
    await stream.ended;
  });

  test('is narrowed to an agent', async () => {
    const stream = await openStream('?agentId=lab:two');
    await bench.suspend('lab:one');
    const two = await bench.suspend('lab:two');
    await eventually(() => stream.ids().length === 1);
    expect(stream.ids()).toEqual([two]);
    stream.leave();
    await stream.ended;
  });

  test('refuses an id that is not of this log', async () => {
    for (const id of ['x', '-1', '999999999'])
      expect(
        (
          await bench.ask('GET', '/v1/events/stream', {
            key: admin,
            headers: { 'last-event-id': id },
          })
        ).body,
      ).toMatchObject({ code: 'HEADER_INVALID' });
  });

  test('ends when the key that opened it is revoked', async () => {
    const second = await bench.key('admin');
    await eventually(
      async () => (await bench.ask('GET', '/v1/keys', { key: second.apiKey })).status === 200,
    );
    const stream = await openStream('', {}, second.apiKey);
    expect(stream.status).toBe(200);
    await bench.revoke(second.keyId);
    await stream.ended;
    expect((await bench.ask('GET', '/v1/keys', { key: second.apiKey })).status).toBe(401);
  });

  test('ends when the API stops', async () => {
    const stream = await openStream();
    const stopped = bench.api.stop();
    await stream.ended;
    await stopped;
    await bench.startApi();
  });
});
