import type { RunningRole } from '@writ/bus';
import { evaluationReply, MAX_BODY_BYTES } from '@writ/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GovernedBus, questionOf, quiet } from './governed-bus.fixture.ts';
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
});
afterAll(async () => {
  await governor.stop();
  await bus.stop();
});

const good = questionOf('reader');
const json = JSON.stringify;
const nested = `${'['.repeat(5000)}${']'.repeat(5000)}`;

const bodies: readonly [what: string, body: string | Uint8Array, code: string, path?: string][] = [
  ['nothing', '', 'BODY_MALFORMED'],
  ['no JSON', '{"subject":', 'BODY_MALFORMED'],
  ['no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 'BODY_MALFORMED'],
  ['a list', '[]', 'BODY_INVALID'],
  ['null', 'null', 'BODY_INVALID'],
  ['5,000 levels', `${json(good).slice(0, -1)},"context":{"a":${nested}}}`, 'BODY_TOO_DEEP'],
  [
    'a body over the limit',
    json({ ...good, context: { a: 'x'.repeat(MAX_BODY_BYTES) } }),
    'BODY_TOO_LARGE',
  ],
  ['no subject', json({ ...good, subject: undefined }), 'BODY_INVALID', 'subject'],
  [
    'a subject with a type that is no name',
    json({ ...good, subject: { type: 'a user', id: 'dana' } }),
    'BODY_INVALID',
    'subject.type',
  ],
  ['an agent id with a dot', json(questionOf('a.b')), 'BODY_INVALID', 'subject.id'],
  ['an agent id that is a wildcard', json(questionOf('*')), 'BODY_INVALID', 'subject.id'],
  ['an empty agent id', json(questionOf('')), 'BODY_INVALID', 'subject.id'],
  ['an agent id that is too long', json(questionOf('a'.repeat(64))), 'BODY_INVALID', 'subject.id'],
  [
    'an action with a blank',
    json({ ...good, action: { name: 'read all' } }),
    'BODY_INVALID',
    'action.name',
  ],
  [
    'an action that is a number',
    json({ ...good, action: { name: 7 } }),
    'BODY_INVALID',
    'action.name',
  ],
  [
    'a resource type with a colon',
    json({ ...good, resource: { type: 'a:b', id: 'c' } }),
    'BODY_INVALID',
    'resource.type',
  ],
  [
    'a resource id with a control character',
    json({ ...good, resource: { type: 'a', id: 'b\u0000' } }),
    'BODY_INVALID',
    'resource.id',
  ],
  ['a context that is a list', json({ ...good, context: [] }), 'BODY_INVALID', 'context'],
  [
    'an option of another type',
    json({ ...good, options: { waitForApprovalMs: 'long' } }),
    'BODY_INVALID',
    'options.waitForApprovalMs',
  ],
  ['a token that is none', json({ ...good, options: { atLeast: 'w1.nonsense' } }), 'TOKEN_INVALID'],
];

describe('a question is denied as invalid when it holds', () => {
  test.each(bodies)('%s', async (_what, body, code, path) => {
    for (const question of ['permission', 'permissions'] as const) {
      const reply = evaluationReply.parse(await bus.askRaw(body, undefined, question));
      expect(reply).toMatchObject({
        decision: false,
        context: { outcome: 'deny', code: 'REQUEST_INVALID', error: { code } },
      });
      expect(reply.context.message).toBe(reply.context.error?.message);
      if (path !== undefined)
        expect(reply.context.error?.details).toMatchObject([{ path, message: expect.any(String) }]);
    }
  });
});

test('a token of another cell is refused', async () => {
  const other = 'w1.YzEtMDAwMDAwMDAvMS81';
  expect(await bus.askUntilSure({ ...good, options: { atLeast: other } })).toMatchObject({
    context: { error: { code: 'TOKEN_INVALID', message: expect.stringContaining('c1-00000000') } },
  });
});

test('members that the standard does not know are passed over', async () => {
  expect(
    (await bus.ask({ ...good, more: 1, subject: { type: 'agent', id: 'reader', more: {} } }))
      .decision,
  ).toBe(true);
});

test('a sequence that is not reached within a second is stale, and says what was reached', async () => {
  const { lastSeq } = await bus.store.status();
  const body = JSON.stringify({ ...good, options: { atLeast: bus.token(lastSeq + 1) } });
  const reply = await bus.askRaw(body);
  expect(reply).toMatchObject({
    decision: false,
    context: {
      code: 'STALE_STATE',
      seq: lastSeq,
      message: expect.stringContaining(`${lastSeq + 1} was asked for`),
    },
  });
});

test('a sequence that comes while it is waited for is met', async () => {
  let met = false;
  // On a busy machine it may come when the wait is over: one of a few tries is in time.
  for (let attempt = 0; !met && attempt < 5; attempt++) {
    const name = `late-${attempt}`;
    const { lastSeq } = await bus.store.status();
    const options = { atLeast: bus.token(lastSeq + 2) };
    const waiting = bus.askRaw(JSON.stringify({ ...questionOf(name), options }));
    await bus.reader(name);
    met = evaluationReply.parse(await waiting).decision;
  }
  expect(met).toBe(true);
});

test('after all of that, questions are answered', async () => {
  expect((await bus.ask(good)).decision).toBe(true);
  expect(governor.ready()).toEqual({ ok: true });
});
