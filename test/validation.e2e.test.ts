/** The validation checkpoint of a running platform: rules by command, answers over the bus and HTTP, and what they lead to. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Writ as Client } from '@writ/sdk';
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const agentId = 'lab:writer';
const TOKEN = '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';
const rules = {
  'no-secrets': { actions: ['*'], secrets: 'reject', severity: 'major' },
  'no-addresses': { actions: ['write_*'], personalData: 'redact' },
  'charts-have-points': {
    actions: ['generate_chart'],
    schema: { type: 'object', required: ['points'] },
  },
  'house-style': { actions: ['write_letter'], custom: ['polite'] },
};

type Body = {
  readonly score: number;
  readonly items: readonly unknown[];
  readonly result: { readonly key: string };
  readonly context: { readonly validationId: string; readonly seq: number };
};

let writ: Writ;
let client: Client;
let directory: string;

async function api(method: string, path: string, body?: unknown) {
  const { httpUrl, adminKey } = writ.connection;
  const answer = await fetch(`${httpUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const token = answer.headers.get('writ-token') ?? '';
  return { status: answer.status, token, body: (await answer.json()) as Body };
}

const judge = (action: string, result: object, executionId?: string) =>
  client.validateResult({
    agentId,
    action,
    result: { ...result },
    ...(executionId === undefined ? {} : { executionId }),
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'writ-checks-'));
  const checks = join(directory, 'checks.mjs');
  await writeFile(
    checks,
    `export const checks = {
       polite: ({ result }) =>
         /please/.test(result.text) ? [] : [{ path: '/text', kind: 'IMPOLITE' }],
     };`,
  );
  writ = await startWrit({ env: { WRIT_VALIDATION_CHECKS: checks } });
  client = await connect({ url: writ.connection.natsUrl, apiKey: writ.connection.adminKey });
  await client.registerAgent({
    agentId,
    name: 'Writer',
    type: 'text',
    version: '1.0.0',
    capabilities: [],
    runtime: { kind: 'nats' },
  });
});
afterAll(async () => {
  await client?.close();
  await writ?.stop();
  await rm(directory, { recursive: true, force: true });
});

test('without rules every result is accepted, and what was asked is in the log', async () => {
  const { context } = await judge('write_mail', { text: TOKEN });
  expect(context).toMatchObject({ outcome: 'accept', rulesVersion: null });
  const stored: string[] = [];
  for await (const { data } of client.history({ types: ['ResultValidated'] }))
    stored.push(data.validationId);
  expect(stored).toEqual([context.validationId]);
});

test('rules that can not be applied are refused with the field, and hold for nobody', async () => {
  const { status, body } = await api('POST', '/v1/validation-rules', {
    rules: { bad: { actions: ['*'], schema: { type: 'objekt' } } },
  });
  expect(status).toBe(422);
  expect(body).toMatchObject({
    code: 'VALIDATION_INVALID',
    errors: [{ path: 'rules.bad.schema' }],
  });
  expect((await judge('write_mail', {})).context.rulesVersion).toBeNull();
});

test('results are held against the rules as soon as these are published', async () => {
  const published = await api('POST', '/v1/validation-rules', { rules, note: 'first' });
  expect(published).toMatchObject({ status: 201, body: { result: { version: '1' } } });
  await eventually(async () => (await judge('write_mail', {})).context.rulesVersion === '1');
  const address = 'write to dana@acme.org';
  expect(await judge('write_mail', { text: address })).toMatchObject({
    decision: true,
    context: { outcome: 'redact', result: { text: 'write to [EMAIL]' } },
  });
  expect(await judge('generate_chart', { title: address })).toMatchObject({
    decision: false,
    context: { outcome: 'reject', reasons: [{ rule: 'charts-have-points', kind: 'REQUIRED' }] },
  });
  for (const [text, outcome] of [
    ['please', 'accept'],
    ['now', 'reject'],
  ])
    expect((await judge('write_letter', { text })).context.outcome).toBe(outcome);
});

test('a rejected result costs trust, once for an execution that is sent again', async () => {
  const send = (text: string, executionId: string) =>
    api('POST', '/v1/validations', {
      agentId,
      action: 'write_mail',
      result: { text },
      executionId,
    });
  /** The score when everything that was sent so far is counted. */
  const trust = async (mark: string) => {
    const { token } = await send('nothing', mark);
    return (await api('GET', `/v1/agents/${agentId}/trust?atLeast=${token}`)).body.score;
  };
  const before = await trust('mark-1');
  const first = await send(TOKEN, 'exec-1');
  expect(first.body.context).toMatchObject({ outcome: 'reject', code: 'RESULT_REJECTED' });
  expect(JSON.stringify(first)).not.toContain(TOKEN);
  const after = await trust('mark-2');
  expect(after).toBeLessThan(before);
  expect((await send(TOKEN, 'exec-1')).body.context).toMatchObject({
    outcome: 'reject',
    validationId: first.body.context.validationId,
    seq: first.body.context.seq,
  });
  expect(await trust('mark-3')).toBe(after);
  const listed = await api('GET', `/v1/validations?agentId=${agentId}&outcome=reject`);
  expect(listed.body.items[0]).toMatchObject({
    executionId: 'exec-1',
    findings: [{ rule: 'no-secrets', path: '/text', kind: 'GITHUB_TOKEN' }],
    severity: 'major',
  });
  expect((await api('GET', '/v1/validation-rules')).body.items).toMatchObject([{ version: '1' }]);
});

test('who may not speak for the agent, and an agent that is stopped, are rejected', async () => {
  const made = await api('POST', '/v1/keys', { name: 'x', role: 'agent', agents: ['other:*'] });
  const stranger = await connect({
    url: writ.connection.natsUrl,
    apiKey: made.body.result.key,
  });
  try {
    const { context } = await stranger.validateResult({ agentId, action: 'write', result: {} });
    expect(context).toMatchObject({ outcome: 'reject', code: 'IDENTITY_MISMATCH' });
  } finally {
    await stranger.close();
  }
  await client.suspendAgent(agentId, 'looked into');
  await eventually(async () => (await judge('write_mail', {})).context.code === 'AGENT_SUSPENDED');
  const answer = await api('POST', '/v1/validations', { agentId, action: 'x y', result: {} });
  expect(answer.status).toBe(400);
});
