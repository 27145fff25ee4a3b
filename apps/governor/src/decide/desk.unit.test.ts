import { encodeToken, type EvaluationReply } from '@writ/contracts';
import { expect, test } from 'vitest';
import { cell, grantOf, ManualDesk, reader, startMs } from './manual-desk.fixture.ts';

test('a clock that is off denies', () => {
  const manual = new ManualDesk();
  expect(manual.codeNow()).toBe('allowed');
  manual.skewed = true;
  expect(manual.codeNow()).toBe('CLOCK_SKEW');
});

test('silence for more than two seconds denies what was just allowed, until a heartbeat', async () => {
  const manual = new ManualDesk();
  expect(manual.codeNow()).toBe('allowed');
  await manual.pass(2001);
  expect(manual.codeNow()).toBe('STALE_STATE');
  manual.heartbeat();
  expect(manual.codeNow()).toBe('allowed');
});

test('steady writing, of which something is always still to come, denies nothing', async () => {
  const manual = new ManualDesk();
  const codes = new Set<string | undefined>();
  const resumed = { type: 'AgentResumed', data: { agentId: 'reader', reason: null } } as const;
  for (let n = 0; n < 500; n++) {
    await manual.pass(10);
    manual.tell(resumed, { pending: 3 });
    codes.add(manual.codeNow());
  }
  expect([...codes]).toEqual(['allowed']);
});

test('a clock that is set back hides no silence', async () => {
  const manual = new ManualDesk();
  expect(manual.codeNow()).toBe('allowed');
  manual.setBackMs = 3_600_000;
  await manual.pass(2001);
  expect(manual.codeNow()).toBe('STALE_STATE');
});

test('an answer from memory has its own id, the time and the sequence of its moment', async () => {
  const manual = new ManualDesk();
  const answers: (EvaluationReply['context'] | undefined)[] = [];
  const started = { executionId: 'e', agentId: 'reader', action: 'read', resource: 'dataset:x' };
  for (let i = 0; i < 4; i++) {
    await manual.pass(10);
    manual.tell({
      type: 'ExecutionStarted',
      data: { ...started, decisionId: null, startedAt: null },
    });
    answers.push(manual.ask().reply?.context);
  }
  expect(new Set(answers.map((context) => context?.decisionId)).size).toBe(4);
  expect(answers.map((context) => context?.seq)).toEqual([4, 5, 6, 7]);
  const times = answers.map((context) => Date.parse(context?.evaluatedAt ?? '') - startMs);
  expect(times).toEqual([10, 20, 30, 40]);
});

test('memory forgets what changed: each kind of change is seen by the next question', () => {
  const manual = new ManualDesk();
  const allowedTwice = (): void =>
    expect([manual.codeNow(), manual.codeNow(), manual.codeNow()]).toEqual(
      Array(3).fill('allowed'),
    );
  allowedTwice();
  manual.tell({ type: 'AgentSuspended', data: { agentId: 'reader', reason: null } });
  manual.ask();
  manual.tell({ type: 'AgentResumed', data: { agentId: 'reader', reason: null } });
  allowedTwice();
  manual.tell({ type: 'KeyRevoked', data: { keyId: 'k0admin0000', reason: null } });
  const revoked = manual.ask();
  expect(revoked.reply?.decision ?? false).toBe(false);
});

test('the time of a newer event moves the clock forward', () => {
  const manual = new ManualDesk();
  const event = { type: 'AgentResumed', data: { agentId: 'reader', reason: null } } as const;
  manual.tell(event, { timeMs: startMs + 300 });
  expect(Date.parse(manual.ask().reply?.context.evaluatedAt ?? '')).toBe(startMs + 300);
});

test.each([1, 7])('a token of segment %i is waited for by its sequence', async (segment) => {
  const manual = new ManualDesk();
  const waiting = manual.ask({ options: { atLeast: encodeToken({ cell, segment, seq: 4 }) } });
  const enough = manual.ask({ options: { atLeast: encodeToken({ cell, segment, seq: 3 }) } });
  expect([waiting.reply, enough.reply?.decision]).toEqual([undefined, true]);
  manual.tell({ type: 'AgentSuspended', data: { agentId: 'reader', reason: null } });
  await manual.pass(0);
  expect(waiting.reply?.context.code).toBe('AGENT_SUSPENDED');
});

test('a key that asks for more than may wait is refused as an overload, and another one is not', () => {
  const manual = new ManualDesk();
  manual.holdAppends = true;
  const atLeast = encodeToken({ cell, segment: 1, seq: 99 });
  const answers = Array.from({ length: 600 }, () => manual.ask({ options: { atLeast } }));
  expect(answers.every(({ reply }) => reply === undefined)).toBe(true);
  const ask = (key?: string) => manual.ask({ options: { record: 'required' } }, key).reply;
  const codes = Array.from({ length: 500 }, () => ask()?.context.code);
  expect(codes.filter((code) => code === undefined)).toHaveLength(424);
  expect(codes.slice(424)).toEqual(Array(76).fill('OVERLOADED'));
  const others = Array.from({ length: 500 }, () => ask('k0other00000'));
  expect(others).toEqual(Array(500).fill(undefined));
  manual.records.of('default').stop();
  expect(ask()?.context.code).toBe('LOG_UNAVAILABLE');
  manual.state.waiters.close();
  expect(answers.every(({ reply }) => reply?.context.code === 'STALE_STATE')).toBe(true);
});

test('an allow is given for the moment it was decided on, however time goes on meanwhile', () => {
  const outcomes = new Set<boolean>();
  for (let ms = 1; ms <= 12; ms++) {
    const manual = new ManualDesk();
    const expiresAt = new Date(startMs + ms).toISOString();
    manual.tell(grantOf({ expiresAt }));
    manual.ticking = true;
    const { reply } = manual.ask({ action: { name: 'write' } });
    if (reply?.decision)
      expect(Date.parse(reply.context.evaluatedAt)).toBeLessThan(Date.parse(expiresAt));
    outcomes.add(reply?.decision ?? false);
  }
  expect(outcomes.size).toBe(2);
});

test('a decision whose record is larger than a message may be is refused, and not recorded', async () => {
  const manual = new ManualDesk();
  const labels = { note: '語'.repeat(250 * 1024) };
  manual.tell({ type: 'AgentRegistered', data: { ...reader, agentId: 'heavy', labels } });
  const heavy = { subject: { type: 'agent', id: 'heavy' } };
  expect([manual.codeNow(heavy), manual.codeNow()]).toEqual(['REQUEST_INVALID', 'allowed']);
  await manual.pass(0);
  expect(manual.appended).toHaveLength(1);
});

const refusals: [string, (manual: ManualDesk) => object | void, string][] = [
  [
    'there is no place to wait for its record',
    (manual) => {
      const atLeast = encodeToken({ cell, segment: 1, seq: 99 });
      for (let n = 0; n < 1024; n++) manual.ask({ options: { atLeast } });
    },
    'OVERLOADED',
  ],
  ['no record can be taken', (manual) => manual.records.of('default').stop(), 'LOG_UNAVAILABLE'],
  [
    'its record is too large',
    (manual) => {
      const labels = { note: 'a'.repeat(750 * 1024) };
      manual.tell({ type: 'AgentRegistered', data: { ...reader, agentId: 'heavy', labels } });
      return { subject: { type: 'agent', id: 'heavy' } };
    },
    'REQUEST_INVALID',
  ],
];
test.each(refusals)('an allow does not count in its window where %s', (_why, prepare, code) => {
  const manual = new ManualDesk();
  const conditions = { window: { limit: 9, seconds: 60 } };
  for (const agentId of ['reader', 'heavy'])
    manual.tell(grantOf({ grantId: `of-${agentId}`, agentId, conditions }));
  const more = prepare(manual) ?? {};
  expect(manual.codeNow({ action: { name: 'write' }, ...more })).toBe(code);
  expect(manual.counted).toBe(0);
});

test('an allow whose record may come to be stored counts in its window, as it does for others', async () => {
  const manual = new ManualDesk();
  manual.tell(grantOf({ conditions: { window: { limit: 9, seconds: 60 } } }));
  manual.holdAppends = true;
  const { reply } = manual.ask({ action: { name: 'write' } });
  manual.records.of('default').stop();
  expect([reply, manual.counted]).toEqual([undefined, 1]);
});
