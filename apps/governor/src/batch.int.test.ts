import type { RunningRole } from '@writ/bus';
import { evaluationsReply } from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Body, GovernedBus, questionOf, quiet } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';

let bus: GovernedBus;
let governor: RunningRole;

beforeAll(async () => {
  bus = await GovernedBus.start();
  governor = await startGovernor({
    secrets: bus.bus.secrets,
    natsUrl: bus.bus.url,
    version: '0.1.0',
    log: quiet,
  });
  await bus.reader('reader');
  await bus.ask(questionOf('reader'));
});
afterAll(async () => {
  await governor.stop();
  await bus.stop();
});

const good = questionOf('reader');
const allowed = {};
const denied = { action: { name: 'write' } };

async function askAll(body: Body): Promise<boolean[]> {
  const reply = evaluationsReply.parse(
    await bus.askRaw(JSON.stringify(body), undefined, 'permissions'),
  );
  return reply.evaluations.map(({ decision }) => decision);
}

test('items take what they lack from the defaults and are answered in order', async () => {
  expect(
    await askAll({
      ...good,
      evaluations: [denied, allowed, { subject: { type: 'agent', id: 'nobody' } }],
    }),
  ).toEqual([false, true, false]);
});

test.each([
  ['execute_all', [allowed, denied, allowed], [true, false, true]],
  ['deny_on_first_deny', [allowed, denied, allowed], [true, false]],
  ['permit_on_first_permit', [denied, allowed, denied], [false, true]],
])('`%s` goes as far as it says', async (semantic, evaluations, decisions) => {
  expect(
    await askAll({ ...good, evaluations, options: { evaluations_semantic: semantic } }),
  ).toEqual(decisions);
});

test('a bad item is a deny with its error and leaves the others alone', async () => {
  const evaluations = [allowed, { resource: { type: 'a:b', id: 'x' } }, allowed];
  const reply = evaluationsReply.parse(
    await bus.askRaw(JSON.stringify({ ...good, evaluations }), undefined, 'permissions'),
  );
  expect(reply.evaluations.map(({ decision }) => decision)).toEqual([true, false, true]);
  expect(reply.evaluations[1]?.context).toMatchObject({
    code: 'REQUEST_INVALID',
    error: { code: 'BODY_INVALID', details: [{ path: 'resource.type' }] },
  });
});

test.each([
  ['no list', {}],
  ['an empty list', { evaluations: [] }],
])('%s is a single question', async (_what, more) => {
  expect(
    await bus.askRaw(JSON.stringify({ ...good, ...more }), undefined, 'permissions'),
  ).toMatchObject({ decision: true, context: { outcome: 'allow' } });
});

test('a list waits for the sequence that it asks for', async () => {
  const { lastSeq } = await bus.store.status();
  const waiting = askAll({
    ...questionOf('later'),
    options: { atLeast: bus.token(lastSeq + 2) },
    evaluations: [allowed, denied],
  });
  await bus.reader('later');
  expect(await waiting).toEqual([true, false]);
});

test('each item has an id and a record of its own', async () => {
  const before = (await bus.recordsNow()).length;
  const reply = evaluationsReply.parse(
    await bus.askRaw(
      JSON.stringify({ ...good, evaluations: [allowed, allowed, denied] }),
      undefined,
      'permissions',
    ),
  );
  const ids = reply.evaluations.map(({ context }) => context.decisionId);
  const records = await bus.records(before + 3);
  expect(
    records.slice(-3).map((record) => record.kind === 'decision' && record.decisionId),
  ).toEqual(ids);
});

test('a list whose answers are more than a message holds is a small deny, and the records go on', async () => {
  await bus.activate({
    whole: 'forbid (principal, action, resource) when { context == {a: 1} };',
  });
  const context = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`語${i}`.padEnd(128, '語'), null]),
  );
  const evaluations = Array.from({ length: 100 }, () => allowed);
  await bus.ask(good);
  const reply = await bus.askRaw(
    JSON.stringify({ ...good, context, evaluations }),
    undefined,
    'permissions',
  );
  expect(reply).toMatchObject({ decision: false, context: { code: 'OVERLOADED' } });
  expect(await bus.ask({ ...good, options: { record: 'required' } })).toMatchObject({
    decision: true,
  });
});

test('stock micro tools see the governor and its endpoints', async () => {
  const operator = await bus.bus.connect('operator');
  const info = (await operator.request('$SRV.INFO.writ-governor')).json<{
    endpoints: { subject: string; queue_group: string }[];
  }>();
  expect(info.endpoints.map(({ subject, queue_group: queue }) => [subject, queue])).toEqual([
    ['writ.*.ask.*.permission', 'governors'],
    ['writ.*.ask.*.permissions', 'governors'],
    ['writ.*.ask.*.validation', 'governors'],
  ]);
});

test('a tenant that is not in the log is denied, and leaves nothing behind', async () => {
  const before = (await bus.recordsNow()).length;
  const asking = await bus.bus.connect('api-store');
  const reply = await asking.request('writ.else.ask.k0admin0000.permission', JSON.stringify(good));
  expect(reply.json()).toMatchObject({
    decision: false,
    context: { code: 'KEY_REVOKED', message: 'tenant `else` has no keys' },
  });
  await bus.ask({ ...good, options: { record: 'required' } });
  expect((await bus.recordsNow()).length).toBe(before + 1);
});
