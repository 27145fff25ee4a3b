/** The API of a running platform, from outside: plain HTTP, the shapes of the public surface, every role behind it. */
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

type Body = Record<string, unknown>;
type Answered = { readonly status: number; readonly headers: Headers; readonly body: Body };
type Items = readonly Body[];

const chartMaker = 'langgraph-v2:chart_generator';
const registration = {
  agentId: chartMaker,
  name: 'Chart Generator',
  type: 'visualization',
  version: '2.0.0',
  capabilities: ['plotly_charts', 'png_export'],
  runtime: { kind: 'nats' },
  owner: 'team-langgraph',
  labels: { framework: 'langgraph' },
};
const report = {
  executionId: 'exec-1',
  agentId: chartMaker,
  action: 'generate_chart',
  resource: 'dataset:sales',
  outcome: 'succeeded',
  durationMs: 840,
  costMicros: 3100,
  tokens: { input: 812, output: 240 },
  error: null,
};

let writ: Writ;
let agentKey: string;
let agentKeyId: string;

beforeAll(async () => {
  writ = await startWrit();
  const made = await post('/v1/keys', {
    name: 'worker',
    role: 'agent',
    agents: ['langgraph-v2:*'],
  });
  expect(made.status).toBe(201);
  ({ key: agentKey, keyId: agentKeyId } = made.body['result'] as { key: string; keyId: string });
  await eventually(async () => (await ask('GET', '/v1/keys', { key: agentKey })).status === 403);
});
afterAll(() => writ?.stop());

type Asked = {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
};

async function ask(
  method: string,
  path: string,
  { key, body, headers = {} }: Asked = {},
): Promise<Answered> {
  const response = await fetch(`${writ.connection.httpUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key ?? writ.connection.adminKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Body };
}

const post = (path: string, body: unknown, more: Asked = {}) =>
  ask('POST', path, { body, ...more });
const tokenOf = (answered: Answered) => answered.headers.get('writ-token') ?? '';

async function items(path: string, more: Asked = {}): Promise<Items> {
  const answered = await ask('GET', path, more);
  expect(answered.status, JSON.stringify(answered.body)).toBe(200);
  return answered.body['items'] as Items;
}

const question = {
  subject: { type: 'agent', id: chartMaker },
  action: { name: 'generate_chart' },
  resource: { type: 'dataset', id: 'sales', properties: {} },
  context: { query: 'per quarter', estimatedCostMicros: 3000 },
};

async function decide(token: string, key = agentKey): Promise<Body & { context: Body }> {
  const answered = await post(
    '/access/v1/evaluation',
    { ...question, options: { atLeast: token } },
    { key },
  );
  expect(answered.status).toBe(200);
  return answered.body as Body & { context: Body };
}

describe('the life of an agent over HTTP', () => {
  test('it registers with its own key, twice to the same effect', async () => {
    const first = await post('/v1/agents', registration, { key: agentKey });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      ok: true,
      token: tokenOf(first),
      events: [{ type: 'dev.writ.registry.AgentRegistered.v1', seq: first.body['seq'] }],
    });
    const again = await post('/v1/agents', registration, { key: agentKey });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ ok: true, seq: first.body['seq'], events: [] });
    expect(await items(`/v1/agents?atLeast=${tokenOf(first)}`)).toMatchObject([registration]);
  });

  test('it is denied without a grant and allowed with one, in the state that a token asks for', async () => {
    const before = await decide(tokenOf(await ask('GET', '/v1/agents')));
    expect(before).toMatchObject({
      decision: false,
      context: { outcome: 'deny', code: 'NO_GRANT' },
    });
    const grant = {
      agentId: chartMaker,
      actions: ['generate_chart'],
      resources: ['dataset:*'],
      notBefore: null,
      expiresAt: '2037-01-01T00:00:00Z',
      conditions: { maxCostMicros: 500_000 },
      reason: 'quarterly reports',
    };
    const issued = await post('/v1/grants', grant);
    expect(issued.status).toBe(201);
    const { grantId } = issued.body['result'] as { grantId: string };
    const after = await decide(tokenOf(issued));
    expect(after).toMatchObject({
      decision: true,
      context: {
        outcome: 'allow',
        reasons: [{ kind: 'grant', id: grantId }],
        policies: ['base.grants'],
      },
    });
    const { decisionId } = after.context as { decisionId: string };
    const recorded = await eventually(async () => {
      const found = await ask('GET', `/v1/decisions/${decisionId}`);
      return found.status === 200 && found.body;
    });
    expect(recorded).toMatchObject({
      decisionId,
      outcome: 'allow',
      keyId: agentKeyId,
      inputs: { request: { agentId: chartMaker } },
    });
  });

  test('what it did and how it was rated is told once, and shows', async () => {
    const done = await post('/v1/executions', report, { key: agentKey });
    expect(done.status).toBe(201);
    const again = await post('/v1/executions', report, { key: agentKey });
    expect(again.body).toMatchObject({ ok: true, seq: done.body['seq'] });
    const other = await post('/v1/executions', { ...report, costMicros: 1 }, { key: agentKey });
    expect(other.status).toBe(409);
    const rated = await post('/v1/feedback', {
      feedbackId: 'fb-1',
      agentId: chartMaker,
      executionId: 'exec-1',
      rating: 0.9,
      source: 'human',
      rater: 'usr_dana',
      severity: 'normal',
      comment: 'clear chart',
    });
    expect(rated.status).toBe(201);
    const fresh = `atLeast=${tokenOf(rated)}`;
    expect(
      await items(`/v1/agents/${chartMaker}/executions?${fresh}`, { key: agentKey }),
    ).toMatchObject([{ executionId: 'exec-1', outcome: 'succeeded', costMicros: 3100 }]);
    expect(await items(`/v1/feedback?${fresh}`)).toMatchObject([
      { feedbackId: 'fb-1', rating: 0.9 },
    ]);
    const trust = await ask('GET', `/v1/agents/${chartMaker}/trust?${fresh}`, { key: agentKey });
    expect(trust.body).toMatchObject({
      agentId: chartMaker,
      factCount: 2,
      contributions: [{ kind: 'feedbackGiven' }],
    });
  });

  test('a policy that is published and activated turns the allow into a deny', async () => {
    const published = await post('/v1/policies', {
      engine: 'cedar',
      policies: {
        'charts-need-trust':
          'forbid (principal, action == Action::"generate_chart", resource) unless { principal.trust >= 900 };',
      },
      note: 'no charts by newcomers',
    });
    expect(published.status).toBe(201);
    const { version } = published.body['result'] as { version: string };
    const activated = await post(`/v1/policies/${version}/activate`, {});
    expect(activated.status).toBe(200);
    expect(await decide(tokenOf(activated))).toMatchObject({
      decision: false,
      context: { code: 'TRUST_TOO_LOW', policies: ['charts-need-trust'] },
    });
    expect(
      (await ask('GET', `/v1/policies/${version}?atLeast=${tokenOf(activated)}`)).body,
    ).toMatchObject({ active: true });
  });

  test('suspended it is denied, resumed it is asked about its trust again, retired it is gone', async () => {
    const suspended = await ask('POST', `/v1/agents/${encodeURIComponent(chartMaker)}/suspend`, {
      body: { reason: 'looked at' },
    });
    expect(await decide(tokenOf(suspended))).toMatchObject({
      decision: false,
      context: { code: 'AGENT_SUSPENDED' },
    });
    const resumed = await ask('POST', `/v1/agents/${chartMaker}/resume`);
    expect(await decide(tokenOf(resumed))).toMatchObject({ context: { code: 'TRUST_TOO_LOW' } });
    const retired = await ask('DELETE', `/v1/agents/${chartMaker}`, {
      body: { reason: 'replaced' },
    });
    expect(await decide(tokenOf(retired))).toMatchObject({
      decision: false,
      context: { code: 'AGENT_RETIRED' },
    });
    expect(await items(`/v1/agents?status=retired&atLeast=${tokenOf(retired)}`)).toMatchObject([
      { agentId: chartMaker },
    ]);
  });

  test('its whole life is read back from the log', async () => {
    const life = await items(`/v1/agents/${chartMaker}/events?limit=500`, { key: agentKey });
    expect(life.map(({ type }) => String(type).split('.')[3])).toEqual([
      'AgentRegistered',
      'GrantIssued',
      'ExecutionReported',
      'FeedbackGiven',
      'AgentSuspended',
      'AgentResumed',
      expect.any(String),
      expect.any(String),
    ]);
    expect(
      life
        .slice(-2)
        .map(({ type }) => String(type).split('.')[3])
        .sort(),
    ).toEqual(['AgentRetired', 'GrantRevoked']);
  });
});

describe('idempotency', () => {
  const headers = { 'idempotency-key': 'grant-1' };
  const grant = { agentId: 'lab:idem', actions: ['read'], resources: ['dataset:*'] };

  test('the same command under the same key is one thing, and another body is refused', async () => {
    await post('/v1/agents', { ...registration, agentId: 'lab:idem' });
    const first = await post('/v1/grants', grant, { headers });
    const again = await post('/v1/grants', grant, { headers });
    expect(again.body['result']).toEqual(first.body['result']);
    const other = await post('/v1/grants', { ...grant, actions: ['write'] }, { headers });
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await items(`/v1/grants?agentId=lab:idem&atLeast=${tokenOf(again)}`)).toHaveLength(1);
  });

  test('a key is made once; its secret is told the first time and never again', async () => {
    const body = { name: 'once', role: 'agent', agents: ['lab:*'] };
    const first = await post('/v1/keys', body, { headers: { 'idempotency-key': 'key-1' } });
    const again = await post('/v1/keys', body, { headers: { 'idempotency-key': 'key-1' } });
    const made = first.body['result'] as Body;
    expect(made['key']).toMatch(/^writ_/);
    expect(again.body['result']).toMatchObject({ keyId: made['keyId'] });
    expect(JSON.stringify(again.body)).not.toContain(String(made['key']).split('_')[2]);
  });
});

describe('refusals come from the commander as problems', () => {
  test.each([
    ['POST', '/v1/agents', { ...registration, agentId: 'a.b' }, 400, 'BODY_INVALID', 'agentId'],
    ['POST', '/v1/agents', { ...registration, colour: 'red' }, 400, 'BODY_INVALID', 'colour'],
    [
      'POST',
      '/v1/grants',
      { agentId: 'lab:nobody', actions: ['a'], resources: ['b:c'] },
      404,
      'AGENT_UNKNOWN',
      'agentId',
    ],
    ['POST', '/v1/agents/lab:nobody/suspend', {}, 404, 'AGENT_UNKNOWN', undefined],
    [
      'DELETE',
      '/v1/grants/6b1f4f0e-55f1-4b0c-9d5b-0b8a5c6f4a11',
      undefined,
      404,
      'GRANT_UNKNOWN',
      'grantId',
    ],
    ['POST', '/v1/policies/77/activate', {}, 404, 'POLICY_VERSION_UNKNOWN', 'version'],
    [
      'POST',
      '/v1/policies',
      { policies: { bad: 'forbid (' } },
      422,
      'POLICY_INVALID',
      'policies.bad',
    ],
    ['DELETE', '/v1/keys/abcdefghij12', undefined, 404, 'KEY_UNKNOWN', undefined],
    [
      'POST',
      '/v1/executions',
      { agentId: 'lab:nobody', action: 'a', resource: 'b:c' },
      400,
      'BODY_INVALID',
      'outcome',
    ],
  ])('%s %s with %j is %i %s', async (method, path, body, status, code, field) => {
    const answered = await ask(method, path, { body });
    expect(answered.status).toBe(status);
    expect(answered.headers.get('content-type')).toContain('application/problem+json');
    expect(answered.body).toMatchObject({ status, code, type: `urn:writ:error:${code}` });
    expect((answered.body['errors'] as Body[])[0]?.['path']).toBe(field);
  });

  test('a key can not speak for an agent that is not its own', async () => {
    const refused = await post(
      '/v1/agents',
      { ...registration, agentId: 'town:other' },
      { key: agentKey },
    );
    expect(refused).toMatchObject({ status: 403, body: { code: 'IDENTITY_MISMATCH' } });
    const question = {
      subject: { type: 'agent', id: 'town:other' },
      action: { name: 'a' },
      resource: { type: 'b', id: 'c' },
    };
    const denied = await post('/access/v1/evaluation', question, { key: agentKey });
    expect(denied.body).toMatchObject({ decision: false, context: { code: 'IDENTITY_MISMATCH' } });
  });
});

describe('AuthZEN', () => {
  const read = { subject: { type: 'agent', id: 'lab:idem' }, action: { name: 'read' } };

  test('a batch is answered in its order, with a bad question as a deny of its own', async () => {
    const batch = await post('/access/v1/evaluations', {
      ...read,
      evaluations: [
        { resource: { type: 'dataset', id: 'a' } },
        {},
        { resource: { type: 'secret', id: 'b' } },
      ],
    });
    expect(batch.status).toBe(200);
    expect(batch.body['evaluations']).toMatchObject([
      { decision: true },
      { decision: false, context: { error: { code: expect.any(String) } } },
      { decision: false, context: { code: 'NO_GRANT' } },
    ]);
  });

  test('without questions it is a single one', async () => {
    for (const more of [{}, { evaluations: [] }])
      expect(
        (
          await post('/access/v1/evaluations', {
            ...read,
            resource: { type: 'dataset', id: 'a' },
            ...more,
          })
        ).body,
      ).toMatchObject({ decision: true });
  });

  test('what is not known of a question is ignored, and a subject that is no agent is denied', async () => {
    const known = {
      ...read,
      resource: { type: 'dataset', id: 'a' },
      foo: 'bar',
      futureField: { nested: true },
    };
    expect((await post('/access/v1/evaluation', known)).body).toMatchObject({ decision: true });
    const user = {
      subject: { type: 'user', id: 'alice' },
      action: { name: 'read' },
      resource: { type: 'record', id: 'record-1' },
    };
    expect(await post('/access/v1/evaluation', user)).toMatchObject({
      status: 200,
      body: { decision: false },
    });
  });
});

test('a person approves over HTTP what an agent asked for, once, and the agent that waits is told', async () => {
  const agentId = 'langgraph-v2:clerk';
  await post('/v1/agents', { ...registration, agentId });
  const granted = await post('/v1/grants', {
    agentId,
    actions: ['pay'],
    resources: ['invoice:*'],
    conditions: { requireApproval: true },
  });
  const pay = (atLeast: unknown, waitForApprovalMs = 0) =>
    post(
      '/access/v1/evaluation',
      {
        subject: { type: 'agent', id: agentId },
        action: { name: 'pay' },
        resource: { type: 'invoice', id: '17' },
        context: { amount: 900 },
        options: { atLeast, waitForApprovalMs },
      },
      { key: agentKey },
    );
  const first = await pay(granted.body['token']);
  const { approvalId, outcome } = first.body['context'] as Body;
  expect(outcome).toBe('require_approval');
  const path = `/v1/approvals/${String(approvalId)}`;
  const shown = await ask('GET', `${path}?atLeast=${first.headers.get('writ-token')}`);
  expect(shown.body).toMatchObject({
    status: 'pending',
    context: { amount: 900 },
    requestedBy: agentKeyId,
  });
  const waiting = pay(granted.body['token'], 60_000);
  expect((await post(`${path}/approve`, {}, { key: agentKey })).status).toBe(403);
  const approved = await post(`${path}/approve`, { reason: 'agreed' });
  expect(approved.body).toMatchObject({ result: { approvalId, agentId, status: 'approved' } });
  expect((await waiting).body).toMatchObject({ decision: true, context: { approvalId } });
  const late = await post(`${path}/reject`, {});
  expect(late).toMatchObject({ status: 409, body: { code: 'APPROVAL_CLOSED' } });
  const mine = `/v1/agents/${agentId}/approvals?status=used`;
  const used = await eventually(async () => {
    const { body } = await ask('GET', mine, { key: agentKey });
    return (body['items'] as Items)[0];
  });
  expect(used).toMatchObject({ approvalId, used: {}, decisions: [{ reason: 'agreed' }] });
});

test('a decision is explained from its record, with what would have flipped it', async () => {
  const { body } = await post('/access/v1/evaluation', {
    subject: { type: 'agent', id: 'lab:idem' },
    action: { name: 'burn' },
    resource: { type: 'dataset', id: 'a' },
  });
  const { decisionId } = body['context'] as { decisionId: string };
  const explained = await eventually(async () => {
    const answer = await ask('GET', `/v1/decisions/${decisionId}/explanation`);
    return answer.status === 200 && answer.body;
  });
  expect(explained).toMatchObject({
    decisionId,
    outcome: 'deny',
    code: 'NO_GRANT',
    flips: [{ kind: 'grant', to: 'allow', text: 'a grant of `burn` on `dataset:a`' }],
  });
  const unknown = await ask(
    'GET',
    '/v1/decisions/01a1f944-6ab0-7997-a8e4-61ce6524ea19/explanation',
  );
  expect(unknown.status).toBe(404);
});

test('a key that is revoked is out at once, over HTTP too', async () => {
  const made = await post('/v1/keys', { name: 'short', role: 'admin' });
  const { key, keyId } = made.body['result'] as { key: string; keyId: string };
  await eventually(async () => (await ask('GET', '/v1/keys', { key })).status === 200);
  await ask('DELETE', `/v1/keys/${keyId}`);
  await eventually(async () => (await ask('GET', '/v1/keys', { key })).status === 401);
});

test('answers have the shapes of the OpenAPI document that is served', async () => {
  const { body: document } = await ask('GET', '/openapi.json');
  const ajv = new Ajv2020({ strict: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'writ:openapi', ...document });
  const paths = [
    '/v1/agents',
    '/v1/grants',
    '/v1/approvals',
    '/v1/policies',
    '/v1/decisions',
    '/v1/executions',
    '/v1/feedback',
    '/v1/keys',
    '/v1/events',
    '/v1/dead-letters',
    '/ready',
  ];
  for (const path of paths) {
    const escaped = path.replaceAll('~', '~0').replaceAll('/', '~1');
    const schema = {
      $ref: `writ:openapi#/paths/${escaped}/get/responses/200/content/application~1json/schema`,
    };
    const { body } = await ask('GET', path);
    expect(ajv.validate(schema, body), `${path}: ${ajv.errorsText()}`).toBe(true);
  }
});

test('the page for people is served, and names no other host', async () => {
  const page = await fetch(`${writ.connection.httpUrl}/docs`);
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(html).toContain('swagger-ui');
  expect(html).not.toMatch(/https?:\/\//);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const script = await fetch(`${writ.connection.httpUrl}/docs/static/swagger-initializer.js`);
  expect(script.status).toBe(200);
  expect(await script.text()).not.toMatch(/validator\.swagger\.io/);
});
