import { errorCatalogue } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import fc from 'fast-check';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answered, ApiBench } from './api.fixture.ts';
import { codesOf } from './openapi/codes.ts';
import { routes } from './routes.ts';

let bench: ApiBench;
let admin: string;

beforeAll(async () => {
  bench = await ApiBench.start();
  admin = (await bench.key('admin')).apiKey;
  await eventually(async () => (await bench.ask('GET', '/v1/keys', { key: admin })).status === 200);
});
afterAll(() => bench.stop());

function expectProblem(answered: Answered, code: keyof typeof errorCatalogue, path?: string): void {
  expect(answered.body).toMatchObject({
    type: `urn:writ:error:${code}`,
    title: errorCatalogue[code].title,
    status: errorCatalogue[code].status,
    code,
  });
  expect(answered.status).toBe(errorCatalogue[code].status);
  expect(answered.headers.get('content-type')).toContain('application/problem+json');
  if (path !== undefined) expect(answered.body).toMatchObject({ errors: [{ path }] });
}

describe('a command', () => {
  const post = (
    body: string | Uint8Array,
    more: { contentType?: string; headers?: Record<string, string> } = {},
  ) => bench.ask('POST', '/v1/grants', { key: admin, body, ...more });

  test('with a body that is not JSON is malformed', async () => {
    expectProblem(await post('{"agentId":'), 'BODY_MALFORMED');
    expectProblem(await post(''), 'BODY_MALFORMED');
    expectProblem(await post(new Uint8Array([0xff, 0xfe, 0x7b])), 'BODY_MALFORMED');
  });

  test('with another content type is told the one to use', async () => {
    expectProblem(
      await post('{}', { contentType: 'text/plain' }),
      'HEADER_INVALID',
      'content-type',
    );
  });

  test('with a body over the limit is refused, and the next request is answered', async () => {
    expectProblem(await post(`"${'x'.repeat(300_000)}"`), 'BODY_TOO_LARGE');
    expect((await bench.ask('GET', '/v1/keys', { key: admin })).status).toBe(200);
  });

  test('nested five thousand levels deep is refused', async () => {
    expectProblem(await post('['.repeat(5000) + ']'.repeat(5000)), 'BODY_TOO_DEEP');
  });

  test('with an idempotency key that is none is refused by the header', async () => {
    expectProblem(
      await post('{}', { headers: { 'idempotency-key': 'not one' } }),
      'HEADER_INVALID',
      'idempotency-key',
    );
  });

  test('that nobody takes is told that no commander runs', async () => {
    const answered = await post('{}');
    expectProblem(answered, 'SERVICE_UNAVAILABLE');
    expect(answered.headers.get('retry-after')).toBe('1');
  });

  test.each(['a.b', '*', 'a:b:c', 'x'.repeat(200), '%00', 'a%20b', '-x'])(
    'on agent `%s` is refused by the path',
    async (id) => {
      expectProblem(
        await bench.ask('POST', `/v1/agents/${id}/suspend`, { key: admin }),
        'PATH_INVALID',
        'agentId',
      );
    },
  );

  test('whose body names another agent than its path is refused', async () => {
    expectProblem(
      await bench.ask('POST', '/v1/agents/a:b/suspend', { key: admin, body: { agentId: 'c' } }),
      'BODY_INVALID',
      'agentId',
    );
  });
});

describe('an address', () => {
  test('that is not there is a problem, whoever asks', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', '/V1/agents', '/v1/agents/a:b/nothing'])
      expectProblem(await bench.ask('GET', path), 'NOT_FOUND');
    expectProblem(await bench.ask('PUT', '/v1/agents', { key: admin, body: {} }), 'NOT_FOUND');
  });

  test('without the id that it needs is a problem', async () => {
    expectProblem(await bench.ask('GET', '/v1/agents/', { key: admin }), 'PATH_INVALID', 'agentId');
  });

  test('that is no UTF-8 is a problem', async () => {
    expectProblem(await bench.ask('GET', '/v1/agents/%ff', { key: admin }), 'PATH_INVALID');
  });

  test('with an unknown parameter is refused by its name', async () => {
    expectProblem(
      await bench.ask('GET', '/v1/agents?typ=x', { key: admin }),
      'QUERY_INVALID',
      'typ',
    );
    expectProblem(
      await bench.ask('POST', '/v1/grants?dryRun=1', { key: admin, body: {} }),
      'QUERY_INVALID',
      'dryRun',
    );
  });

  test.each([
    'limit=0',
    'limit=501',
    'limit=x',
    'limit=',
    'limit=1&limit=2',
    'since=yesterday',
    'outcome=maybe',
    'code=NO_SUCH',
  ])('with `%s` is refused by the parameter', async (query) => {
    expectProblem(
      await bench.ask('GET', `/v1/decisions?${query}`, { key: admin }),
      'QUERY_INVALID',
      query.split('=')[0],
    );
  });

  test('with a cursor or a token that was made elsewhere is refused', async () => {
    for (const cursor of ['x', '%00', Buffer.from('1/0/0/0').toString('base64url')])
      expectProblem(
        await bench.ask('GET', `/v1/agents?cursor=${cursor}`, { key: admin }),
        'CURSOR_INVALID',
      );
    expectProblem(await bench.ask('GET', '/v1/events?cursor=x', { key: admin }), 'CURSOR_INVALID');
    for (const path of ['/v1/agents', '/v1/events'])
      expectProblem(
        await bench.ask('GET', `${path}?atLeast=w1.eA`, { key: admin }),
        'TOKEN_INVALID',
      );
  });
});

describe('an AuthZEN question', () => {
  const question = {
    subject: { type: 'agent', id: 'a' },
    action: { name: 'read' },
    resource: { type: 'dataset', id: 'x' },
  };
  const ask = (body: string | object, more: { contentType?: string } = {}) =>
    bench.ask('POST', '/access/v1/evaluation', {
      key: admin,
      body,
      headers: { 'x-request-id': 'req-1' },
      ...more,
    });

  test.each([
    ['without a body', '', {}],
    ['that is not JSON', '{', {}],
    ['of another content type', JSON.stringify(question), { contentType: 'text/plain' }],
    ['without a subject', { ...question, subject: undefined }, {}],
    ['with a subject that is text', { ...question, subject: 'a' }, {}],
    ['without the id of its subject', { ...question, subject: { type: 'agent' } }, {}],
    ['with an action whose name is a number', { ...question, action: { name: 1 } }, {}],
    ['without the type of its resource', { ...question, resource: { id: 'x' } }, {}],
    ['over the limit', JSON.stringify({ ...question, context: { x: 'y'.repeat(300_000) } }), {}],
  ])('%s is answered with 400 and a message string', async (_what, body, more) => {
    const answered = await ask(body, more);
    expect(answered.status).toBe(400);
    expect(answered.body).toEqual(expect.any(String));
    expect(answered.body).not.toBe('');
    expect(answered.headers.get('x-request-id')).toBe('req-1');
  });

  test('without a key is answered with 401, a message string and how to authenticate', async () => {
    const answered = await bench.ask('POST', '/access/v1/evaluation', { body: question });
    expect(answered.status).toBe(401);
    expect(answered.body).toEqual(expect.any(String));
    expect(answered.headers.get('www-authenticate')).toContain('Bearer');
  });

  test('that no governor takes is answered with 503', async () => {
    expect((await ask(question)).status).toBe(503);
  });

  test('batches need no questions, but then a whole question of their own', async () => {
    const batch = (body: object) =>
      bench.ask('POST', '/access/v1/evaluations', { key: admin, body });
    expect((await batch({ evaluations: [] })).status).toBe(400);
    expect((await batch({ ...question, evaluations: 'x' })).status).toBe(400);
    expect((await batch({ ...question, evaluations: [{}] })).status).toBe(503);
  });

  test('metadata is not there without a public https address, and the answer says what to set', async () => {
    const answered = await bench.ask('GET', '/.well-known/authzen-configuration');
    expectProblem(answered, 'NOT_FOUND');
    expect(answered.text).toContain('WRIT_PUBLIC_URL');
  });
});

test('what is not HTTP is answered and closed', async () => {
  const { port } = new URL(bench.api.url);
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('GARBAGE\r\n\r\n'));
    socket
      .on('data', (data) => (text += String(data)))
      .on('end', () => resolve(text))
      .on('error', reject);
  });
  expect(answer).toContain('400 Bad Request');
  expect(answer).toContain('HEADER_INVALID');
});

/** Any JSON, any text, bodies cut anywhere, and what a member of a real body could be replaced by. */
const anyBody = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.json().map((text) => text.slice(0, Math.floor(text.length / 2))),
  fc
    .record(
      {
        agentId: fc.anything(),
        reason: fc.anything(),
        action: fc.anything(),
        policies: fc.anything(),
        evaluations: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map((value) => {
      try {
        return JSON.stringify(value) ?? '';
      } catch {
        return '';
      }
    }),
);
const anyPart = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .map(encodeURIComponent);
const anyQuery = fc.dictionary(
  fc.constantFrom(
    'limit',
    'cursor',
    'since',
    'type',
    'agentId',
    'from',
    'atLeast',
    'q',
    'version',
    'label',
    'x',
  ),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
);

describe.each(
  routes
    .filter(({ operation }) => operation !== 'streamEvents')
    .map((one) => [`${one.method} ${one.path}`, one] as const),
)('%s', (_name, one) => {
  test('answers nothing but what it documents to whatever is sent, and never its insides', async () => {
    const documented = new Set<string>(codesOf(one));
    await fc.assert(
      fc.asyncProperty(anyBody, anyPart, anyQuery, async (body, part, query) => {
        const path = one.path.replace(/\{\w+\}/g, () => part);
        const search = new URLSearchParams(query).toString();
        const answered = await bench.ask(one.method, `${path}?${search}`, {
          key: admin,
          ...(one.body ? { body } : {}),
        });
        expect(answered.text).not.toMatch(/\n\s+at |\.ts:\d|node_modules|node:internal/);
        if (answered.status < 400 || answered.status === 404) return;
        const code = (answered.body as { code?: string }).code;
        if (one.errorStyle === 'message') expect(answered.body).toEqual(expect.any(String));
        else expect(documented).toContain(code);
        expect(code).not.toBe('INTERNAL');
        if (answered.status >= 500) expect([503, 504]).toContain(answered.status);
      }),
      { numRuns: 15 },
    );
    expect(bench.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
