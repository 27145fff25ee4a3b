import type { EventStore, FollowEvents, StoredEvent } from '@writ/bus';
import {
  encodeToken,
  type EvaluationReply,
  type GovernorOrder,
  type WritEvent,
} from '@writ/contracts';
import { openCedar } from '@writ/policy';
import { expect, test, vi } from 'vitest';
import type { Claimed } from '../claims/commander-path.ts';
import { Denials } from '../records/denials.ts';
import { RecordLog } from '../records/record-log.ts';
import { GovernedState } from '../state/governed-state.ts';
import { Desk } from './desk.ts';

const engine = openCedar();
const cell = 'c1-00000000';
const startMs = Date.UTC(2027, 0, 4, 9);

const reader = {
  agentId: 'reader',
  name: 'r',
  type: 'reader',
  version: '1.0.0',
  capabilities: [],
  runtime: { kind: 'nats' as const },
  owner: null,
  labels: {},
  keyId: 'k0admin0000',
};

/** A desk whose log, clock and decision log the test moves by hand. */
class ManualDesk {
  readonly desk: Desk;
  readonly state: GovernedState;
  readonly records: RecordLog;
  readonly appended: string[] = [];
  nowMs = startMs;
  /** How far the clock was set back. */
  setBackMs = 0;
  /** Each reading of the clock is a millisecond later. */
  ticking = false;
  skewed = false;
  holdAppends = false;
  /** What the commander says to what is claimed of it. */
  claim = (_order: GovernorOrder): Promise<Claimed> => Promise.resolve({ claimed: true, seq: 0 });
  #follow: FollowEvents | undefined;
  #seq = 0;

  constructor() {
    const follow: EventStore['follow'] = (options) => {
      this.#follow = options;
      return {
        position: 0,
        done: new Promise<void>(() => undefined),
        stop: () => Promise.resolve(),
      };
    };
    this.state = new GovernedState({
      store: { follow },
      engine,
      clock: () => (this.ticking ? this.nowMs++ : this.nowMs) - this.setBackMs,
      ticks: () => this.nowMs,
      onTrouble() {},
      onEnd() {},
    });
    const append = async ({ body }: { readonly body: Uint8Array | string }): Promise<number> => {
      if (this.holdAppends) return await new Promise<number>(() => undefined);
      return this.appended.push(String(body));
    };
    this.records = new RecordLog({
      log: { append, lastOf: () => Promise.resolve(undefined) },
      governor: 'g',
      clock: () => this.nowMs,
      ticks: () => this.nowMs,
      onTrouble() {},
    });
    this.desk = new Desk({
      state: this.state,
      engine,
      records: this.records,
      windows: {
        of: () => ({ decisionsSeq: undefined, meterOf: () => undefined }),
        count() {},
        ready: Promise.resolve(),
      },
      claim: (_asker, order) => this.claim(order),
      cell,
      skewed: () => this.skewed,
      denials: new Denials(() => undefined, Number.POSITIVE_INFINITY),
      onError() {},
    });
    this.tell({
      type: 'KeyCreated',
      data: {
        keyId: 'k0admin0000',
        name: 'a',
        role: 'admin',
        agents: [],
        expiresAt: null,
        secretHash: '',
      },
    });
    this.tell({ type: 'AgentRegistered', data: reader });
    this.tell({
      type: 'GrantIssued',
      data: {
        grantId: 'g1',
        agentId: 'reader',
        actions: ['read'],
        resources: ['*'],
        notBefore: null,
        expiresAt: null,
        conditions: {},
        delegable: 0,
        parent: null,
        reason: null,
        issuedBy: 'k',
      },
    });
  }

  tell(event: WritEvent, { timeMs = startMs - 1000, pending = 0 } = {}): void {
    this.#seq += 1;
    const meta = {
      seq: this.#seq,
      subject: 's',
      tenant: 'default',
      id: 'e',
      timeMs,
      version: 1,
      actor: { type: 'api_key', id: 'k' },
      correlationId: null,
      causationId: null,
    };
    const stored = { ...event, ...meta, idempotencyKey: null, fingerprint: null } as StoredEvent;
    void this.#follow?.onEvents([stored], { lastSeq: this.#seq, pending });
  }

  /** Time goes on, and what was recorded by then is stored. */
  async pass(ms: number): Promise<void> {
    await this.records.of('default').flush(5000);
    this.nowMs += ms;
  }

  heartbeat(): void {
    this.#follow?.onIdle?.(this.#seq);
  }

  /** Asks and keeps the answer, which may come later. */
  ask(body: object = {}, key = 'k0admin0000'): { reply?: EvaluationReply } {
    const question = {
      subject: { type: 'agent', id: 'reader' },
      action: { name: 'read' },
      resource: { type: 'dataset', id: 'x' },
      ...body,
    };
    const answer: { reply?: EvaluationReply } = {};
    this.desk.permission(
      `writ.default.ask.${key}.permission`,
      Buffer.from(JSON.stringify(question)),
      (text) => {
        answer.reply = JSON.parse(text) as EvaluationReply;
      },
    );
    return answer;
  }

  /** Asks a list of questions and keeps the codes of the denies and the allows, in order. */
  askAll(evaluations: readonly object[], options: object = {}): { codes?: (string | undefined)[] } {
    const answer: { codes?: (string | undefined)[] } = {};
    const subject = { type: 'agent', id: 'reader' };
    const resource = { type: 'dataset', id: 'x' };
    this.desk.permissions(
      'writ.default.ask.k0admin0000.permissions',
      Buffer.from(JSON.stringify({ subject, resource, evaluations, options })),
      (text) => {
        const reply = JSON.parse(text) as { evaluations: EvaluationReply[] };
        answer.codes = reply.evaluations.map(({ decision, context }) =>
          decision ? 'allowed' : context.code,
        );
      },
    );
    return answer;
  }

  codeNow(body: object = {}): string | undefined {
    const { reply } = this.ask(body);
    return reply?.decision === true ? 'allowed' : reply?.context.code;
  }
}

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

const limitedGrant: WritEvent<'GrantIssued'> = {
  type: 'GrantIssued',
  data: {
    grantId: 'g2',
    agentId: 'reader',
    actions: ['write'],
    resources: ['*'],
    notBefore: null,
    expiresAt: null,
    conditions: { maxUses: 2 },
    delegable: 0,
    parent: null,
    reason: null,
    issuedBy: 'k',
  },
};
const reservedBy = (decisionId: string): WritEvent => ({
  type: 'GrantUseReserved',
  data: {
    grantId: 'g2',
    agentId: 'reader',
    decisionId,
    usedBy: 'reader',
    costMicros: null,
    tokens: null,
  },
});
const write = { action: { name: 'write' } };

test('an allow that rests on a claim is given when it is made, under the id that was claimed', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  const orders: GovernorOrder[] = [];
  const { promise, resolve } = Promise.withResolvers<Claimed>();
  manual.claim = (order) => {
    orders.push(order);
    return promise;
  };
  const asked = manual.ask(write);
  expect(asked.reply).toBeUndefined();
  resolve({ claimed: true, seq: 5 });
  await vi.waitFor(() => expect(asked.reply?.decision).toBe(true));
  expect(orders).toEqual([
    {
      verb: 'reserve-use',
      body: {
        agentId: 'reader',
        decisionId: asked.reply?.context.decisionId,
        grants: [{ grantId: 'g2', agentId: 'reader' }],
        costMicros: null,
        tokens: null,
      },
    },
  ]);
});

test('a claim that others made first is decided again on the state that shows it', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => Promise.resolve({ claimed: false, seq: 6 });
  const asked = manual.ask(write);
  manual.tell(reservedBy('d1'));
  await manual.pass(0);
  expect(asked.reply).toBeUndefined();
  manual.tell(reservedBy('d2'));
  await vi.waitFor(() => expect(asked.reply?.context.code).toBe('LIMIT_REACHED'));
  expect(asked.reply?.context.seq).toBe(6);
});

test('a claim in doubt is a deny, and so is one that is never granted', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => Promise.reject(new Error('no answer'));
  const doubtful = manual.ask(write);
  await vi.waitFor(() => expect(doubtful.reply?.context.code).toBe('LOG_UNAVAILABLE'));
  manual.claim = () => Promise.resolve({ claimed: false, seq: 1 });
  const endless = manual.ask(write);
  await vi.waitFor(() => expect(endless.reply?.context.code).toBe('LOG_UNAVAILABLE'));
});

test('a question of a list that comes after one that was waited for is denied when there is doubt by then', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => {
    manual.skewed = true;
    return Promise.reject(new Error('no answer'));
  };
  const asked = manual.askAll([write, { action: { name: 'read' } }], {
    evaluations_semantic: 'permit_on_first_permit',
  });
  await vi.waitFor(() => expect(asked.codes).toEqual(['LOG_UNAVAILABLE', 'CLOCK_SKEW']));
});

test('a clock that goes wrong while something is claimed denies', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => {
    manual.skewed = true;
    return Promise.resolve({ claimed: false, seq: 1 });
  };
  const asked = manual.ask(write);
  await vi.waitFor(() => expect(asked.reply?.context.code).toBe('CLOCK_SKEW'));
});

const meanwhile: [string, WritEvent[], string][] = [
  [
    'a suspension',
    [{ type: 'AgentSuspended', data: { agentId: 'reader', reason: null } }],
    'AGENT_SUSPENDED',
  ],
  [
    'a revoked key',
    [{ type: 'KeyRevoked', data: { keyId: 'k0admin0000', reason: null } }],
    'KEY_REVOKED',
  ],
  [
    'a kill switch',
    [
      {
        type: 'KillSwitchEngaged',
        data: { scope: { kind: 'agent', id: 'reader' }, reason: 'odd' },
      },
    ],
    'KILL_SWITCH',
  ],
  [
    'a revoked grant',
    [
      {
        type: 'GrantRevoked',
        data: { grantId: 'g2', agentId: 'reader', reason: null, revokedBy: 'k' },
      },
    ],
    'NO_GRANT',
  ],
  [
    'another grant that is revoked',
    [
      {
        type: 'GrantRevoked',
        data: { grantId: 'g1', agentId: 'reader', reason: null, revokedBy: 'k' },
      },
    ],
    'allowed',
  ],
  ['its own claims', [reservedBy('d1'), reservedBy('d2')], 'allowed'],
];
test.each(meanwhile)(
  '%s that is seen while an allow is claimed counts: %#',
  async (_what, events, code) => {
    const manual = new ManualDesk();
    manual.tell(limitedGrant);
    manual.claim = () => {
      for (const event of events) manual.tell(event);
      return Promise.resolve({ claimed: true, seq: 5 });
    };
    const asked = manual.ask(write);
    await vi.waitFor(() => expect(asked.reply).toBeDefined());
    const { decision, context } = asked.reply ?? {};
    expect(decision ? 'allowed' : context?.code).toBe(code);
    await manual.pass(0);
    const [record] = manual.appended.flatMap((body) => JSON.parse(body) as object[]);
    expect(record).toMatchObject({ code: decision ? null : code, inputs: { seq: context?.seq } });
  },
);

test('an allow is given for the moment it was decided on, however time goes on meanwhile', () => {
  const outcomes = new Set<boolean>();
  for (let ms = 1; ms <= 12; ms++) {
    const manual = new ManualDesk();
    const { data } = limitedGrant;
    const expiresAt = new Date(startMs + ms).toISOString();
    manual.tell({ type: 'GrantIssued', data: { ...data, conditions: {}, expiresAt } });
    manual.ticking = true;
    const { reply } = manual.ask(write);
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
