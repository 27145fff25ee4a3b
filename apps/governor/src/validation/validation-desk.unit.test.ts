import type { EventStore, FollowEvents, StoredEvent } from '@writ/bus';
import {
  type ErrorCode,
  type ValidationReply,
  validationRules,
  type WritEvent,
  WritError,
} from '@writ/contracts';
import { openCedar } from '@writ/policy';
import { afterEach, expect, test, vi } from 'vitest';
import type { Claim } from '../claims/commander-path.ts';
import { GovernedState } from '../state/governed-state.ts';
import { Checker } from './checker.ts';
import { refusalOf, ValidationDesk } from './validation-desk.ts';

// A thread is started, and on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

const engine = openCedar();
const keyIds = ['k0first00000', 'k0second0000'];
const told: readonly WritEvent[] = [
  ...keyIds.map((keyId): WritEvent<'KeyCreated'> => {
    const data = { keyId, name: 'a', role: 'admin' as const, agents: [] };
    return { type: 'KeyCreated', data: { ...data, expiresAt: null, secretHash: '' } };
  }),
  {
    type: 'AgentRegistered',
    data: {
      agentId: 'writer',
      name: 'w',
      type: 'writer',
      version: '1.0.0',
      capabilities: [],
      runtime: { kind: 'nats' },
      owner: null,
      labels: {},
      keyId: 'k0first00000',
    },
  },
];

const checkers: Checker[] = [];
afterEach(async () => {
  for (const checker of checkers.splice(0)) await checker.stop();
});

/** A desk of a tenant with an agent and two keys; says what results of theirs are answered. */
function deskWith(claim: Claim, ...more: readonly WritEvent[]) {
  let events: FollowEvents | undefined;
  const follow: EventStore['follow'] = (options) => {
    events = options;
    return { position: 0, done: new Promise(() => undefined), stop: () => Promise.resolve() };
  };
  const none = () => undefined;
  const state = new GovernedState({
    store: { follow },
    engine,
    clock: () => Date.UTC(2027, 0, 4, 9),
    ticks: () => 0,
    onTrouble() {},
    onEnd() {},
  });
  const stored = [...told, ...more].map((event, index) => {
    const meta = { seq: index + 1, tenant: 'default', timeMs: 0, version: 1 };
    return { ...event, ...meta } as StoredEvent;
  });
  void events?.onEvents(stored, { lastSeq: stored.length, pending: 0 });
  const checker = new Checker(undefined, 60_000);
  checkers.push(checker);
  const desk = new ValidationDesk({ state, engine, checker, claim, doubt: none, onError: none });
  return async (result: string, keyId = keyIds[0]) => {
    const body = `{"agentId":"writer","action":"write","executionId":"${uuid}","result":${result}}`;
    const answer = await desk.validate(`writ.default.ask.${keyId}.validation`, Buffer.from(body));
    return (JSON.parse(answer) as ValidationReply).context;
  };
}
const uuid = '01a1f925-c3c0-7649-9059-5576eaa83ccc';

test('a result with a number that is none in JSON is invalid, and not a fault of ours', async () => {
  const judge = deskWith(() => Promise.resolve({ claimed: true, seq: 9 }));
  expect(await judge('{"sum":1}')).toMatchObject({ outcome: 'accept', seq: 9 });
  expect(await judge('{"sum":1e400}')).toMatchObject({
    outcome: 'reject',
    code: 'REQUEST_INVALID',
  });
});

test('what was found is told or refused: no answer and no record is larger than a message', async () => {
  const stored: object[] = [];
  const claim: Claim = (_asker, order) => {
    stored.push(order.body);
    return Promise.resolve({ claimed: true, seq: 9 });
  };
  const rule = { actions: ['*'], denyList: { terms: ['ab'], remedy: 'redact' as const } };
  const rules = validationRules.parse({ rule });
  const data = { version: '1', rules, note: null };
  const judge = deskWith(claim, { type: 'ValidationPublished', data });
  const { outcome, redactions } = await judge(JSON.stringify({ text: 'ab '.repeat(1000) }));
  expect([outcome, redactions.length, stored.length]).toEqual(['redact', 1000, 1]);
  expect(await judge(JSON.stringify({ ['n'.repeat(2000)]: 'ab '.repeat(900) }))).toMatchObject({
    outcome: 'reject',
    code: 'REQUEST_INVALID',
    message: expect.stringContaining('does not fit into an answer') as string,
  });
  expect(stored).toHaveLength(1);
});

test('what waits for the commander is bounded, and leaves room for other keys', async () => {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Claim>>>();
  const judge = deskWith(() => promise);
  const waiting = Array.from({ length: 512 }, () => judge('{}'));
  expect(await judge('{}')).toMatchObject({ outcome: 'reject', code: 'OVERLOADED' });
  const other = judge('{}', keyIds[1]);
  resolve({ claimed: true, seq: 9 });
  expect(await other).toMatchObject({ outcome: 'accept' });
  expect(new Set((await Promise.all(waiting)).map(({ outcome }) => outcome))).toEqual(
    new Set(['accept']),
  );
  expect(await judge('{}')).toMatchObject({ outcome: 'accept' });
});

test.each<[ErrorCode, string]>([
  ['BODY_INVALID', 'REQUEST_INVALID'],
  ['BODY_MALFORMED', 'REQUEST_INVALID'],
  ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'],
  ['VERSION_CONFLICT', 'VERSION_CONFLICT'],
  ['CLOCK_SKEW', 'CLOCK_SKEW'],
  ['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_KEY_REUSED'],
])('what failed with %s is refused as %s', (code, told) => {
  expect(refusalOf(new WritError(code, 'why'))).toEqual({ code: told, message: 'why' });
});
