import {
  type AdvisoryIntake,
  type NatsConnection,
  openDeadLetters,
  StrandedWatch,
  takeAdvisories,
} from '@writ/bus';
import type { WritError } from '@writ/contracts';
import { createInbox } from '@nats-io/nats-core';
import { applyStreams, type Topology } from '@writ/streams';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const SUBJECT = 'writ.default.inbox.tester00001.execution.report';
const DELIVERIES = 2;

describe.each([1, 3] as const)('advisories of the broker on %i node(s)', (nodes) => {
  let bus: TestBus;
  let operator: NatsConnection;
  let intake: AdvisoryIntake | undefined;
  let troubles: WritError[];

  beforeEach(async () => {
    bus = await startTestBus({ nodes });
    operator = await bus.connect('operator');
    troubles = [];
    await applyStreams(operator, impatient());
  });
  afterEach(async () => {
    await intake?.stop();
    intake = undefined;
    await bus.stop();
  });

  function impatient(): Topology {
    const limits = { ack_wait: 200_000_000, backoff: [], max_deliver: DELIVERIES };
    const consumers = bus.topology.consumers.map((consumer) =>
      consumer.stream === 'INBOX' ? { ...consumer, ...limits } : consumer,
    );
    return { ...bus.topology, consumers };
  }

  const shelf = () => openDeadLetters({ connection: operator, ingest: bus.secrets.ingest });
  const letters = () => shelf().list({ tenant: 'default', limit: 100 });

  async function take(lookEveryMs?: number): Promise<void> {
    intake = await takeAdvisories({
      ...(lookEveryMs === undefined ? {} : { lookEveryMs }),
      connection: await bus.connect('commander-store'),
      ingest: bus.secrets.ingest,
      onTrouble: (error) => void troubles.push(error),
    });
  }

  async function send(body: string): Promise<number> {
    // While a cluster chooses the leader of a stream nobody answers; a client tries again.
    const ack = await eventually(() => operator.request(SUBJECT, body, { timeout: 5000 }), {
      withinMs: 30_000,
    });
    return ack.json<{ seq: number }>().seq;
  }

  async function state(stream: string) {
    const info = await operator.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 5000 });
    return info.json<{ state: { messages: number } }>().state;
  }

  /** Pulls once as a commander does; the reply subject of what came, if anything did. */
  async function deliver(): Promise<string | undefined> {
    const inbox = createInbox();
    const came = new Promise<string | undefined>((resolve) => {
      operator.subscribe(inbox, {
        max: 1,
        callback: (_, message) => resolve(message.subject === inbox ? undefined : message.reply),
      });
    });
    const pull = JSON.stringify({ batch: 1, expires: 1_000_000_000 });
    operator.publish('$JS.API.CONSUMER.MSG.NEXT.INBOX.commander', pull, { reply: inbox });
    return await came;
  }

  /** What commanders do that die with a command, each of them, until the broker gives up. */
  async function exhaust(): Promise<void> {
    const before = (await state('OPS')).messages;
    await eventually(
      async () => {
        await deliver();
        return (await state('OPS')).messages > before;
      },
      { withinMs: 30_000 },
    );
  }

  test('a command that nobody finished becomes a dead letter with the original, and leaves INBOX', async () => {
    const seq = await send('{"n":1}');
    await exhaust();
    expect((await state('INBOX')).messages).toBe(1);
    await take();
    await eventually(async () => (await state('INBOX')).messages === 0, { withinMs: 30_000 });
    const [entry, ...more] = await letters();
    expect(more).toEqual([]);
    expect(entry?.letter).toMatchObject({
      tenant: 'default',
      stream: 'INBOX',
      seq,
      subject: SUBJECT,
      keyId: 'tester00001',
      verb: 'execution.report',
      code: 'INTERNAL',
      reason: expect.stringContaining('never came to an end'),
      attempts: DELIVERIES,
      body: Buffer.from('{"n":1}').toString('base64'),
    });
    expect(Date.parse(entry?.letter.lastAt ?? '')).toBeGreaterThan(
      Date.parse(entry?.letter.firstAt ?? ''),
    );
  });

  test('a letter that is there already stays as it is', async () => {
    const seq = await send('{"n":2}');
    const found = await operator.request('$JS.API.STREAM.MSG.GET.INBOX', JSON.stringify({ seq }));
    const { time } = found.json<{ message: { time: string } }>().message;
    const letter = {
      id: `inbox-${seq}-${Date.parse(time)}`,
      tenant: 'default',
      stream: 'INBOX',
      seq,
      subject: SUBJECT,
      keyId: 'tester00001',
      verb: 'execution.report',
      headers: [],
      body: '',
      code: 'BODY_INVALID' as const,
      reason: 'the first reason',
      details: [],
      attempts: 1,
      firstAt: time,
      lastAt: time,
    };
    await shelf().write(letter);
    await exhaust();
    await take();
    await eventually(async () => (await state('INBOX')).messages === 0, { withinMs: 30_000 });
    expect((await letters()).map((entry) => entry.letter)).toEqual([letter]);
  });

  test('what was ended by hand is told of, steered acknowledgements are passed over, and later commands are seen to', async () => {
    await send('{"n":3}');
    const reply = await deliver();
    await operator.request(reply ?? '', '+TERM by hand', { timeout: 5000 });
    const steered = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.INBOX.commander';
    await operator.request(steered, '{"stream":"INBOX","seq":1}', { timeout: 5000 });
    await eventually(async () => (await state('OPS')).messages === 2, { withinMs: 30_000 });
    const seq = await send('{"n":4}');
    await exhaust();
    await take();
    await eventually(async () => (await letters()).length === 1, { withinMs: 30_000 });
    expect((await letters())[0]?.letter.seq).toBe(seq);
    await eventually(() => troubles.some(({ message }) => message.includes('by hand')));
  });

  test('a command whose advisory was lost is found by looking', async () => {
    const seq = await send('{"n":6}');
    await exhaust();
    await operator.request('$JS.API.STREAM.DELETE.OPS', '', { timeout: 5000 });
    await applyStreams(operator, impatient());
    await take(100);
    await eventually(async () => (await state('INBOX')).messages === 0, { withinMs: 30_000 });
    expect((await letters()).map(({ letter }) => letter)).toMatchObject([
      { seq, code: 'INTERNAL', attempts: DELIVERIES },
    ]);
  });

  test('looking finds what nobody sees to at the second look, and never what is in hand or done', async () => {
    await applyStreams(operator, bus.topology);
    const watch = new StrandedWatch(await bus.connect('commander-store'));
    await send('{"n":7}');
    expect(await watch.look()).toEqual([]);
    const reply = (await eventually(() => deliver(), { withinMs: 30_000 })) ?? '';
    for (let looks = 0; looks < 3; looks++) expect(await watch.look()).toEqual([]);
    await operator.request(reply, '+ACK', { timeout: 5000 });
    for (let looks = 0; looks < 3; looks++) expect(await watch.look()).toEqual([]);
    await applyStreams(operator, impatient());
    const seq = await send('{"n":8}');
    await exhaust();
    expect(await watch.look()).toEqual([]);
    expect(await watch.look()).toEqual([{ seq, deliveries: DELIVERIES }]);
  });

  test('a broker that dies in between changes nothing', async () => {
    await send('{"n":5}');
    await exhaust();
    for (let node = 0; node < nodes; node++) await bus.kill(node);
    for (let node = 0; node < nodes; node++) await bus.restart(node);
    await eventually(() => state('OPS'), { withinMs: 40_000 });
    await eventually(() => take().then(() => true), { withinMs: 40_000 });
    await eventually(async () => (await state('INBOX')).messages === 0, { withinMs: 40_000 });
    expect(await letters()).toHaveLength(1);
  });
});
