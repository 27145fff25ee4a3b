import {
  type BusRequest,
  type NatsConnection,
  type Responder,
  serve,
  type ServeOptions,
} from '@writ/bus';
import { WritError } from '@writ/contracts';
import { createInbox, headers, type Msg } from '@nats-io/nats-core';
import { type ServiceStats, Svcm } from '@nats-io/services';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const KEY = 'tester00001';
const subject = (verb: string) => `writ.default.cmd.${KEY}.registry.${verb}`;

let bus: TestBus;
let answering: NatsConnection;
let client: NatsConnection;
let operator: NatsConnection;
let responder: Responder | undefined;

beforeAll(async () => {
  bus = await startTestBus();
  [answering, client, operator] = await Promise.all([
    bus.connect('commander-answer'),
    bus.connect('api-store'),
    bus.connect('operator'),
  ]);
});
afterEach(async () => {
  await responder?.stop();
  responder = undefined;
});
afterAll(() => bus.stop());

async function start(
  handler: (request: BusRequest) => void | Promise<void>,
  more: Partial<ServeOptions> = {},
): Promise<void> {
  responder = await serve({
    connection: answering,
    name: 'writ-commander',
    version: '0.1.0',
    maxInFlight: 8,
    endpoints: [{ name: 'cmd', subject: 'writ.*.cmd.>', queue: 'commander', handler }],
    ...more,
  });
}

function ask(verb: string, body = '{}', lines: Record<string, string> = {}): Promise<Msg> {
  const sent = headers();
  for (const [name, value] of Object.entries(lines)) sent.set(name, value);
  return client.request(subject(verb), body, { timeout: 20_000, headers: sent });
}

describe('answering', () => {
  test('gives the handler subject, body and headers, and the requester its answer with headers', async () => {
    await start((request) => {
      const text = `${request.subject} ${Buffer.from(request.data).toString()} ${request.header('writ-idempotency-key')} ${request.header('nope')}`;
      request.reply(text, [['Writ-Token', 'w1.x']]);
    });
    const reply = await ask('echo', '{"a":1}', { 'Writ-Idempotency-Key': 'k-1' });
    expect(reply.string()).toBe(`${subject('echo')} {"a":1} k-1 undefined`);
    expect(reply.headers?.get('Writ-Token')).toBe('w1.x');
  });

  test('answers what a handler throws as a refusal, in the body and in the micro error headers', async () => {
    await start(() =>
      Promise.reject(
        new WritError('AGENT_UNKNOWN', 'no agent `a` is registered', {
          details: [{ path: 'agentId', message: 'is unknown' }],
        }),
      ),
    );
    const reply = await ask('x');
    expect(reply.json()).toEqual({
      ok: false,
      error: {
        code: 'AGENT_UNKNOWN',
        message: 'no agent `a` is registered',
        details: [{ path: 'agentId', message: 'is unknown' }],
        retryable: false,
      },
    });
    expect(reply.headers?.get('Nats-Service-Error-Code')).toBe('404');
    expect(reply.headers?.get('Nats-Service-Error')).toContain('AGENT_UNKNOWN');
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('secret detail');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret detail'))],
  ])('tells the role, not the requester, about a handler that %s', async (_, handler) => {
    const errors: unknown[] = [];
    await start(handler, { onError: (error) => void errors.push(error) });
    const reply = await ask('x');
    expect(reply.json()).toMatchObject({ ok: false, error: { code: 'INTERNAL' } });
    expect(reply.string()).not.toContain('secret detail');
    expect(errors).toEqual([expect.objectContaining({ message: 'secret detail' })]);
  });

  test('an answer that is too large is told to the handler, which may give another', async () => {
    await start((request) => {
      try {
        request.reply('x'.repeat(1024 * 1024 + 1));
      } catch {
        request.reply('a smaller one');
      }
    });
    expect((await ask('x')).string()).toBe('a smaller one');
  });

  test('answers once, whatever the handler does', async () => {
    await start((request) => {
      request.reply('first');
      request.reply('second');
      throw new Error('third');
    });
    const replies: string[] = [];
    const inbox = createInbox('_INBOX.role.api-store');
    client.subscribe(inbox, { callback: (_, reply) => void replies.push(reply.string()) });
    client.publish(subject('x'), '', { reply: inbox });
    // Whatever else was said before this is answered comes before this answer.
    await ask('x');
    expect(replies).toEqual(['first']);
  });

  test('is seen by stock tools', async () => {
    await start((request) => request.reply('ok'));
    await ask('x');
    const stats = await eventually(async () => {
      const found: ServiceStats[] = [];
      for await (const one of await new Svcm(operator).client().stats('writ-commander'))
        found.push(one);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(stats[0]?.endpoints?.[0]).toMatchObject({
      name: 'cmd',
      subject: 'writ.*.cmd.>',
      queue_group: 'commander',
      num_requests: 1,
    });
  });
});

describe('where an answer may go', () => {
  test.each([
    ['an event subject', () => 'writ.default.evt.registry.agent._.x'],
    ['the log itself', () => `_writ.${bus.secrets.ingest}.default.evt.registry.agent._.x`],
    ['a command of another key', () => 'writ.default.cmd.another00001.registry.register-agent'],
    ['the JetStream API', () => '$JS.API.STREAM.DELETE.EVENTS-1'],
    ['nowhere', () => ''],
  ])('a request that wants its answer at %s is not even handled', async (_, reply) => {
    const handled: string[] = [];
    await start((request) => {
      handled.push(request.subject);
      request.reply('{"forged":true}');
    });
    const seen: string[] = [];
    const target = reply();
    const spy = operator.subscribe(target === '' ? 'writ.default.evt.>' : target, {
      callback: (_error, message) => void seen.push(message.subject),
    });
    await operator.flush();
    client.publish(subject('trick'), '{}', target === '' ? {} : { reply: target });
    await client.flush();
    await eventually(() => responder?.dropped === 1);
    await ask('plain');
    await operator.flush();
    spy.unsubscribe();
    expect(handled).toEqual([subject('plain')]);
    expect(seen).toEqual([]);
  });

  test('the broker itself lets an answering connection publish to inboxes only', async () => {
    for (const user of ['commander-answer', 'governor-answer', 'api-answer'] as const) {
      const connection = await bus.connect(user);
      for (const target of [
        'writ.default.evt.x.y.z',
        `_writ.${bus.secrets.ingest}.default.evt.x.y.z`,
        `writ.default.inbox.${KEY}.a.b`,
        '$JS.API.INFO',
      ])
        await expect(connection.request(target, '{}', { timeout: 20_000 })).rejects.toThrow(
          /[Pp]ermission/,
        );
    }
  });
});

describe('the bound', () => {
  test('refuses at once what is over it, and takes more when there is room again', async () => {
    const waiting: (() => void)[] = [];
    await start(
      (request) =>
        new Promise<void>((resolve) =>
          waiting.push(() => {
            request.reply('done');
            resolve();
          }),
        ),
      { maxInFlight: 2 },
    );
    const first = [ask('a'), ask('b')];
    await eventually(() => waiting.length === 2);
    expect((await ask('c')).json()).toMatchObject({
      ok: false,
      error: { code: 'OVERLOADED', retryable: true },
    });
    for (const finish of waiting.splice(0)) finish();
    expect((await Promise.all(first)).map((reply) => reply.string())).toEqual(['done', 'done']);
    const last = ask('d');
    await eventually(() => waiting.length === 1);
    waiting[0]?.();
    expect((await last).string()).toBe('done');
    expect(responder?.inFlight).toBe(0);
  });

  test('counts a handler without a promise until it answers', async () => {
    const open: BusRequest[] = [];
    await start((request) => void open.push(request), { maxInFlight: 1 });
    const first = ask('a');
    await eventually(() => open.length === 1);
    expect((await ask('b')).json()).toMatchObject({ error: { code: 'OVERLOADED' } });
    open[0]?.reply('late');
    expect((await first).string()).toBe('late');
    expect(responder?.inFlight).toBe(0);
  });
});

describe('leaving', () => {
  test('answers what is in flight before it stops', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let began = false;
    await start(async (request) => {
      began = true;
      await promise;
      request.reply('in time');
    });
    const reply = ask('slow');
    await eventually(() => began);
    const stopped = responder?.stop();
    resolve();
    await stopped;
    expect((await reply).string()).toBe('in time');
    await expect(ask('after')).rejects.toThrow(/no responders/i);
  });

  test('leaves the queue group and comes back', async () => {
    await start((request) => request.reply('here'));
    await responder?.leave();
    await expect(ask('x')).rejects.toThrow(/no responders/i);
    await responder?.join();
    expect((await ask('x')).string()).toBe('here');
  });
});
