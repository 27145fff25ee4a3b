import {
  type InboxCommand,
  type InboxIntake,
  type NatsConnection,
  openDeadLetters,
  takeInbox,
} from '@writ/bus';
import { type ErrorCode, WritError } from '@writ/contracts';
import { createInbox, headers } from '@nats-io/nats-core';
import { applyStreams } from '@writ/streams';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const KEY = 'tester00001';

describe.each([1, 3] as const)('on a bus of %i', (nodes) => {
  let bus: TestBus;
  let operator: NatsConnection;
  let intake: InboxIntake | undefined;

  beforeAll(async () => {
    bus = await startTestBus({ nodes });
    operator = await bus.connect('operator');
  });
  afterEach(async () => {
    await intake?.stop();
    intake = undefined;
    await operator.request('$JS.API.STREAM.INFO.INBOX', '', { timeout: 10_000 });
  });
  afterAll(() => bus.stop());

  async function send(
    body: string,
    lines: Record<string, string> = {},
    verb = 'registry.register-agent',
  ): Promise<number> {
    const sent = headers();
    for (const [name, value] of Object.entries(lines)) sent.set(name, value);
    const ack = await operator.request(`writ.default.inbox.${KEY}.${verb}`, body, {
      headers: sent,
      timeout: 10_000,
    });
    return ack.json<{ seq: number }>().seq;
  }

  async function waiting(): Promise<number> {
    const info = await operator.request('$JS.API.STREAM.INFO.INBOX', '', { timeout: 10_000 });
    return info.json<{ state: { messages: number } }>().state.messages;
  }

  const text = (command: InboxCommand) => Buffer.from(command.data).toString();

  async function take(
    handler: (command: InboxCommand) => Promise<void>,
    maxInFlight = 8,
  ): Promise<void> {
    intake = await takeInbox({
      connection: await bus.connect('commander-store'),
      ingest: bus.secrets.ingest,
      maxInFlight,
      handler,
    });
  }

  /** What a process does that dies with a command: it takes it and says nothing more. */
  async function takeAndDie(): Promise<void> {
    const taker = await bus.connect('commander-store');
    const inbox = createInbox('_INBOX.role.commander-store');
    const taken = new Promise<void>((resolve) =>
      taker.subscribe(inbox, { callback: () => resolve(), max: 1 }),
    );
    taker.publish(
      '$JS.API.CONSUMER.MSG.NEXT.INBOX.commander',
      JSON.stringify({ batch: 1, expires: 5_000_000_000 }),
      { reply: inbox },
    );
    await taken;
    await taker.close();
  }

  async function letters() {
    return await openDeadLetters({ connection: operator, ingest: bus.secrets.ingest }).list({
      tenant: 'default',
      limit: 100,
    });
  }

  describe('commands of INBOX', () => {
    test('reach the handler with their address, headers and sequence, and are gone when it is done', async () => {
      const seq = await send('{"n":1}', { 'Writ-Idempotency-Key': 'k-1' });
      const seen: InboxCommand[] = [];
      await take(async (command) => void seen.push(command));
      await eventually(async () => (await waiting()) === 0);
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({
        tenant: 'default',
        key: KEY,
        verb: 'registry.register-agent',
        seq,
        deliveries: 1,
      });
      expect(seen[0]?.header('writ-idempotency-key')).toBe('k-1');
      expect(seen.map(text)).toEqual(['{"n":1}']);
    });

    test('that were waiting before and come while it runs are all handled, each once', async () => {
      const seen: string[] = [];
      for (let n = 0; n < 30; n++) await send(`before ${n}`);
      await take(async (command) => void seen.push(text(command)), 4);
      for (let n = 0; n < 30; n++) await send(`after ${n}`);
      await eventually(async () => (await waiting()) === 0);
      expect(seen).toHaveLength(60);
      expect(new Set(seen).size).toBe(60);
    });
  });

  describe('a command that can not be handled', () => {
    test('becomes a dead letter with the reason and the original, and nothing else waits for it', async () => {
      const poison = await send('{"poison":true}', { 'Writ-Idempotency-Key': 'p-1' });
      for (let n = 0; n < 5; n++) await send(`good ${n}`);
      const good: string[] = [];
      await take(async (command) => {
        if (command.seq === poison)
          throw new WritError(
            'BODY_INVALID',
            'the body is not valid: `poison` is not a known property',
            { details: [{ path: 'poison', message: 'is not known' }] },
          );
        good.push(text(command));
      });
      await eventually(async () => (await waiting()) === 0);
      expect(good.sort()).toEqual(['good 0', 'good 1', 'good 2', 'good 3', 'good 4']);
      const [entry] = await letters();
      expect(entry?.letter).toMatchObject({
        tenant: 'default',
        stream: 'INBOX',
        seq: poison,
        subject: `writ.default.inbox.${KEY}.registry.register-agent`,
        keyId: KEY,
        verb: 'registry.register-agent',
        code: 'BODY_INVALID',
        reason: 'the body is not valid: `poison` is not a known property',
        details: [{ path: 'poison', message: 'is not known' }],
        attempts: 1,
      });
      expect(Buffer.from(entry?.letter.body ?? '', 'base64').toString()).toBe('{"poison":true}');
      expect(entry?.letter.headers).toContainEqual(['Writ-Idempotency-Key', 'p-1']);
      const shelf = openDeadLetters({ connection: operator, ingest: bus.secrets.ingest });
      expect(await shelf.get('default', entry?.letter.id ?? '')).toEqual(entry?.letter);
    });

    test('is tried a few times when it failed by something of ours, then becomes a dead letter', async () => {
      const seq = await send('breaks');
      let tries = 0;
      await take(async () => {
        tries++;
        throw new Error('a bug');
      });
      await eventually(async () => (await waiting()) === 0);
      expect(tries).toBe(5);
      expect((await letters())[0]?.letter).toMatchObject({ seq, code: 'INTERNAL' });
    });

    test('under a subject that names no command becomes a dead letter too', async () => {
      await operator.request('writ.default.inbox.tester00001.a', '{}', { timeout: 10_000 });
      await take(async () => undefined);
      await eventually(async () => (await waiting()) === 0);
      expect((await letters())[0]?.letter).toMatchObject({
        code: 'VERB_UNKNOWN',
        subject: 'writ.default.inbox.tester00001.a',
      });
    });

    test('is nobody’s when it is an acknowledgement that was addressed here, and leaves no dead letter', async () => {
      const before = (await letters()).length;
      operator.publish(`writ.default.inbox.${KEY}.a.b`, '{"handled":"too"}', {
        reply: 'writ.default.inbox.another00001.registry.register-agent',
      });
      await eventually(async () => (await waiting()) === 2);
      const seen: string[] = [];
      await take(async (command) => void seen.push(command.key));
      await eventually(async () => (await waiting()) === 0);
      expect(seen).toEqual([KEY]);
      expect(await letters()).toHaveLength(before);
    });

    test('whose deliveries all came to nothing is buried unopened at the last one', async () => {
      const impatient = bus.topology.consumers.map((consumer) => ({
        ...consumer,
        ack_wait: 50_000_000,
        backoff: [],
        max_deliver: 2,
      }));
      await applyStreams(operator, { ...bus.topology, consumers: impatient });
      const seq = await send('deadly');
      await takeAndDie();
      const seen: number[] = [];
      await take(async (command) => void seen.push(command.seq));
      await eventually(async () => (await waiting()) === 0);
      await applyStreams(operator, bus.topology);
      expect(seen).toEqual([]);
      expect((await letters())[0]?.letter).toMatchObject({ seq, code: 'INTERNAL', attempts: 2 });
    });
  });

  describe('trouble of ours', () => {
    test.each<ErrorCode>(['STORE_UNAVAILABLE', 'LOG_UNAVAILABLE', 'EVENT_UNREADABLE'])(
      'holds everything on %s, burns no delivery, and goes on by itself',
      async (code) => {
        const before = (await letters()).length;
        for (let n = 0; n < 20; n++) await send(`held ${n}`);
        let away = true;
        const deliveries: number[] = [];
        let calls = 0;
        await take(async (command) => {
          calls++;
          if (away) throw new WritError(code, 'it is away');
          deliveries.push(command.deliveries);
        }, 4);
        await eventually(() => calls >= 12 && intake?.paused === true);
        expect(intake?.inFlight).toBeLessThanOrEqual(4);
        expect(await waiting()).toBe(20);
        away = false;
        await eventually(async () => (await waiting()) === 0);
        expect(deliveries).toEqual(Array.from({ length: 20 }, () => 1));
        expect(intake?.paused).toBe(false);
        expect(await letters()).toHaveLength(before);
      },
    );

    test('gives back what is held when it is stopped, for another to take', async () => {
      await send('left over');
      let calls = 0;
      await take(async () => {
        calls++;
        throw new WritError('STORE_UNAVAILABLE', 'it is away');
      });
      await eventually(() => calls > 0);
      await intake?.stop();
      const seen: string[] = [];
      await take(async (command) => void seen.push(text(command)));
      await eventually(async () => (await waiting()) === 0);
      expect(seen).toEqual(['left over']);
    });

    test('burns no delivery however often a role is started in the middle of it', async () => {
      await send('patient');
      const { max_deliver: most = 0 } = bus.topology.consumers[0] ?? {};
      for (let start = 0; start <= most; start++) {
        const told = Promise.withResolvers<void>();
        intake = await takeInbox({
          connection: await bus.connect('commander-store'),
          ingest: bus.secrets.ingest,
          maxInFlight: 8,
          healthy: () => Promise.reject(new WritError('STORE_UNAVAILABLE', 'it is away')),
          handler: () => Promise.reject(new Error('nothing may be taken')),
          onTrouble: () => told.resolve(),
        });
        await told.promise;
        expect(intake.paused).toBe(true);
        await intake.stop();
      }
      const deliveries: number[] = [];
      await take(async (command) => void deliveries.push(command.deliveries));
      await eventually(async () => (await waiting()) === 0);
      expect(deliveries).toEqual([1]);
    });

    test('of a broker that is killed and comes back ends in every command handled', {
      timeout: 300_000,
    }, async () => {
      for (let n = 0; n < 20; n++) await send(`kept ${n}`);
      const seen = new Set<string>();
      await take(async (command) => void seen.add(text(command)), 4);
      await bus.kill();
      await bus.restart();
      await eventually(() => send('after').then(() => true), { withinMs: 120_000 });
      await eventually(async () => (await waiting()) === 0, { withinMs: 120_000 });
      expect(seen.size).toBe(21);
    });
  });
});
