/**
 * Conformance with AuthZEN Authorization API 1.0 over HTTP: its certification scenario, of which the eight rules of
 * the fixture, the batch, the errors and the headers are tried as a foreign enforcement point would.
 */
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

type Properties = Readonly<Record<string, unknown>>;
type Question = {
  readonly subject: { type: string; id: string; properties?: Properties };
  readonly action: { name: string; properties?: Properties };
  readonly resource: { type: string; id: string; properties?: Properties };
};

const alice = { type: 'user', id: 'alice' };
const bob = { type: 'user', id: 'bob' };
const admin = { ...bob, properties: { role: 'admin' } };
const active = { type: 'record', id: 'record-1' };
const archived = { type: 'record', id: 'record-2', properties: { status: 'archived' } };
const remove = (soft: boolean) => ({ name: 'delete', properties: { soft } });
const may = (subject: Question['subject'], name: string, resource = active): Question => ({
  subject,
  action: { name },
  resource,
});

/** What the scenario asks of a policy, in Writ's words: grants permit, policies narrow. */
const policies = {
  'writers-are-named': `forbid (principal == Agent::"bob", action == Action::"write", resource) unless {
    context has subject && context.subject has role && context.subject.role == "admin" };`,
  'the-archive-is-closed': `forbid (principal, action == Action::"write", resource) when {
    context has resource && context.resource has status && context.resource.status == "archived" }
    unless { context has subject && context.subject has role && context.subject.role == "admin" };`,
  'nothing-is-deleted-for-good': `forbid (principal, action == Action::"delete", resource) unless {
    context has action && context.action has soft && context.action.soft };`,
};

let writ: Writ;

async function ask(path: string, body: unknown, headers: Record<string, string> = {}) {
  const { httpUrl, adminKey } = writ.connection;
  const answer = await fetch(`${httpUrl}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${adminKey}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text || 'null') };
}

async function command(path: string, body: unknown): Promise<Record<string, string>> {
  const answer = await ask(path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body.result;
}

const evaluation = (body: unknown, headers?: Record<string, string>) =>
  ask('/access/v1/evaluation', body, headers);
const evaluations = (body: unknown) => ask('/access/v1/evaluations', body);
const decisionsOf = (answer: { body: { evaluations: { decision: unknown }[] } }) =>
  answer.body.evaluations.map(({ decision }) => decision);

beforeAll(async () => {
  writ = await startWrit();
  for (const [agentId, actions] of [
    ['alice', ['read', 'write', 'delete']],
    ['bob', ['read', 'write']],
  ] as const) {
    const person = { name: agentId, type: 'user', version: '1.0.0', capabilities: [] };
    await command('/v1/agents', { agentId, ...person, runtime: { kind: 'nats' } });
    await command('/v1/grants', { agentId, actions, resources: ['record:*'] });
  }
  const { version } = await command('/v1/policies', { policies });
  await command(`/v1/policies/${version}/activate`, {});
  await eventually(async () => !(await evaluation(may(bob, 'write'))).body.decision);
});
afterAll(() => writ?.stop());

describe('a single evaluation', () => {
  const rules: [string, Question, boolean][] = [
    ['alice reads', may(alice, 'read'), true],
    ['alice writes', may(alice, 'write'), true],
    ['bob reads', may(bob, 'read'), true],
    ['bob does not write', may(bob, 'write'), false],
    ['alice does not write what is archived', may(alice, 'write', archived), false],
    ['an administrator writes what is archived', may(admin, 'write', archived), true],
    ['alice deletes softly', { ...may(alice, 'delete'), action: remove(true) }, true],
    ['alice does not delete for good', { ...may(alice, 'delete'), action: remove(false) }, false],
  ];

  test.each(rules)('rule: %s', async (_, question, decision) => {
    const context = { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' };
    for (const asked of [question, { ...question, context }, question]) {
      const answer = await evaluation(asked);
      expect(answer).toMatchObject({ status: 200, body: { decision } });
      expect(answer.headers.get('content-type')).toContain('application/json');
    }
  });

  test('takes properties and members that nobody reads', async () => {
    const properties = { department: 'Sales', method: 'GET', owner: 'bob', depth: 1.5, none: null };
    const question = {
      subject: { ...alice, properties },
      action: { name: 'read', properties },
      resource: { ...active, properties },
      foo: 'bar',
      futureField: { nested: true },
    };
    expect(await evaluation(question)).toMatchObject({ status: 200, body: { decision: true } });
  });

  test('denies a subject that is registered with another type', async () => {
    const asked = may({ type: 'robot', id: 'alice' }, 'read');
    expect(await evaluation(asked)).toMatchObject({
      status: 200,
      body: { decision: false, context: { code: 'AGENT_UNKNOWN' } },
    });
  });

  test('denies a subject whose name can be nobody here', async () => {
    const asked = may({ type: 'user', id: 'alice@example.com' }, 'read');
    expect(await evaluation(asked)).toMatchObject({ status: 200, body: { decision: false } });
  });
});

describe('what is no evaluation', () => {
  const good = may(alice, 'read');
  const { id: _id, ...typeOnly } = active;
  const bad: [string, unknown][] = [
    ['without a subject', { ...good, subject: undefined }],
    ['without an action', { ...good, action: undefined }],
    ['without a resource', { ...good, resource: undefined }],
    ['without the type of the subject', { ...good, subject: { id: 'alice' } }],
    ['without the id of the subject', { ...good, subject: { type: 'user' } }],
    ['without the name of the action', { ...good, action: {} }],
    ['without the type of the resource', { ...good, resource: { id: 'record-1' } }],
    ['without the id of the resource', { ...good, resource: typeOnly }],
    ['with a subject that is text', { ...good, subject: 'alice' }],
    ['with a name that is a number', { ...good, action: { name: 123 } }],
    ['that is no JSON', '{"subject":'],
    ['that is empty', ''],
  ];

  test.each(bad)('a body %s is refused with a sentence', async (_, body) => {
    for (const path of ['/access/v1/evaluation', '/access/v1/evaluations']) {
      const answer = await ask(path, body);
      expect(answer.status).toBe(400);
      expect(typeof answer.body).toBe('string');
    }
  });

  test('a body of another content type is refused', async () => {
    const answer = await evaluation(JSON.stringify(good), { 'content-type': 'text/plain' });
    expect(answer.status).toBe(400);
  });

  test('a caller without a key is told how to authenticate', async () => {
    const answer = await evaluation(good, { authorization: '' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });
});

test('the identifier of a request comes back, also with an error', async () => {
  for (const body of [may(alice, 'read'), {}]) {
    const answer = await evaluation(body, { 'x-request-id': 'bfe9eb29-ab87' });
    expect(answer.headers.get('x-request-id')).toBe('bfe9eb29-ab87');
  }
});

describe('a batch', () => {
  const unarchived = { ...active, properties: { status: 'active' } };
  const three = { evaluations: [{ action: { name: 'read' } }, { action: { name: 'write' } }, {}] };

  test('is answered in the order of its questions, which override the defaults', async () => {
    const answer = await evaluations({
      subject: bob,
      resource: active,
      evaluations: [{ action: { name: 'read' } }, { action: { name: 'write' } }],
    });
    expect(decisionsOf(answer)).toEqual([true, false]);
    const whole = [may(alice, 'write', unarchived), may(alice, 'write', archived)];
    expect(decisionsOf(await evaluations({ evaluations: whole }))).toEqual([true, false]);
    expect(
      decisionsOf(
        await evaluations({
          action: { name: 'write' },
          resource: archived,
          evaluations: [{ subject: alice }, { subject: admin }],
        }),
      ),
    ).toEqual([false, true]);
  });

  test.each([
    ['execute_all', [true, false, true]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('with `%s` goes as far as that says', async (semantic, decisions) => {
    const defaults = { subject: bob, resource: active, action: { name: 'read' } };
    const options = { evaluations_semantic: semantic, another_option: 'value' };
    const answer = await evaluations({ ...defaults, ...three, options });
    expect(decisionsOf(answer)).toEqual(decisions);
  });

  test('without questions is a single evaluation', async () => {
    for (const more of [{}, { evaluations: [] }])
      expect(await evaluations({ ...may(alice, 'read'), ...more })).toMatchObject({
        status: 200,
        body: { decision: true },
      });
  });

  test('denies the question that is no question, and says why there', async () => {
    const answer = await evaluations({ evaluations: [may(alice, 'read'), { subject: alice }] });
    expect(decisionsOf(answer)).toEqual([true, false]);
    expect(answer.body.evaluations[1].context.error.message).toContain('action');
  });
});
