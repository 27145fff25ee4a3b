/** Messages read as they are stored and stored again, on one node and on a cluster. */
import {
  createStreamAt,
  type NatsConnection,
  openDecisionLog,
  openStreamReader,
  type RawMessage,
  readRawMessages,
  readRawOfLeader,
  statusIfThere,
  storeAtSequences,
  storeRawBatch,
  streamsNamed,
} from '@writ/bus';
import { appendRun, eventRun, eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const COUNT = 1500;

async function allOf(
  connection: NatsConnection,
  stream: string,
  filter?: string,
): Promise<RawMessage[]> {
  const { lastSeq } = await openStreamReader(connection, stream).status();
  const query = { connection, stream, fromSeq: 1, throughSeq: lastSeq };
  const messages: RawMessage[] = [];
  for await (const page of readRawMessages(filter === undefined ? query : { ...query, filter }))
    messages.push(...page);
  return messages;
}

/** What is compared: all but when and where it was stored. */
const own = ({ subject, messageId, headers, body }: RawMessage) => ({
  subject,
  messageId,
  headers,
  body: Buffer.from(body).toString('base64'),
});

let source: TestBus;
let original: RawMessage[];

beforeAll(async () => {
  source = await startTestBus();
  await appendRun(await source.store(), eventRun({ count: COUNT, agents: 12, seed: 5 }));
  original = await allOf(await source.connect('operator'), 'EVENTS-1');
});
afterAll(() => source.stop());

describe('reading', () => {
  test('gives every message once, in order, without anything of the transport', () => {
    expect(original.map(({ seq }) => seq)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
    const names = new Set(original.flatMap(({ headers }) => headers.map(([name]) => name)));
    expect([...names].filter((name) => name.toLowerCase().startsWith('nats-'))).toEqual([]);
    expect(original.every(({ storedAt }) => storedAt !== null)).toBe(true);
  });

  test('gives one tenant alone, and the same by asking the leader', async () => {
    const connection = await source.connect('operator');
    const acme = await allOf(connection, 'EVENTS-1', 'writ.acme.evt.>');
    expect(acme.map(own)).toEqual(
      original.filter(({ subject }) => subject.startsWith('writ.acme.')).map(own),
    );
    const query = { connection, stream: 'EVENTS-1', fromSeq: 1, throughSeq: 60 };
    const led: RawMessage[] = [];
    for await (const page of readRawOfLeader(query)) led.push(...page);
    expect(led.map(own)).toEqual(original.slice(0, 60).map(own));
    expect(led.map(({ storedAt }) => storedAt)).toEqual(
      original.slice(0, 60).map(({ storedAt }) => storedAt),
    );
  });

  test('knows the streams that are there', async () => {
    const connection = await source.connect('operator');
    expect((await streamsNamed(connection, 'EVENTS-')).sort()).toEqual(['EVENTS-1']);
    expect(await statusIfThere(connection, 'EVENTS-9')).toBeUndefined();
  });
});

describe.each([1, 3] as const)('storing on %i nodes', (nodes) => {
  let target: TestBus;
  beforeAll(async () => {
    target = await startTestBus({ nodes });
  }, 180_000);
  afterAll(() => target.stop());

  const targetOf = async (stream: string) => ({
    connection: await target.connect('operator'),
    stream,
    ingest: target.secrets.ingest,
  });

  test('one tenant in batches keeps its events, their order and the order of each aggregate', async () => {
    const acme = original.filter(({ subject }) => subject.startsWith('writ.acme.'));
    const into = await targetOf('EVENTS-1');
    const last = new Map<string, number>();
    for (let at = 0; at < acme.length; at += 200) {
      const batch = acme.slice(at, at + 200);
      const end = await storeRawBatch(into, batch, (subject) => last.get(subject) ?? 0);
      for (const [i, { subject }] of batch.entries()) last.set(subject, end - batch.length + 1 + i);
    }
    const stored = await allOf(into.connection, 'EVENTS-1');
    expect(stored.map(own)).toEqual(acme.map(own));
    const first = acme.slice(0, 1);
    await expect(
      storeRawBatch(
        into,
        [{ ...acme[5], ...first[0], messageId: null, body: Buffer.from('{}') } as RawMessage],
        () => 0,
      ),
    ).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
    });
  });

  test('a batch that is sent again is found to be there', async () => {
    const into = await targetOf('EVENTS-1');
    const [first] = original.filter(({ subject }) => subject.startsWith('writ.acme.'));
    if (first === undefined) throw new Error('there is no event');
    expect(await storeRawBatch(into, [first], () => 0)).toBe(1);
  });

  test('whole streams keep their sequences, wherever they begin', async () => {
    const log = openDecisionLog({
      connection: await source.connect('governor-store'),
      ingest: source.secrets.ingest,
    });
    for (let n = 1; n <= 5; n++)
      await log.append({
        tenant: 'acme',
        governor: `g${nodes}`,
        boot: 'b',
        firstN: n,
        body: `[${n}]`,
      });
    const operator = await source.connect('operator');
    const decisions = (await allOf(operator, 'DECISIONS')).slice(2);
    const advisory = '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.INBOX.commander';
    await operator.request(advisory, '{"type":"an advisory of the broker"}', { timeout: 10_000 });
    const operations = await allOf(operator, 'OPS');
    expect(operations.at(-1)?.subject).toBe(advisory);

    const { connection } = await targetOf('EVENTS-1');
    for (const [name, messages] of [
      ['EVENTS-1', original],
      ['DECISIONS', decisions],
      ['OPS', operations],
    ] as const) {
      const declared = target.topology.streams.find((stream) => stream.name === name);
      if (declared === undefined) throw new Error(`${name} is not declared`);
      await connection.request(`$JS.API.STREAM.DELETE.${name}`, '', { timeout: 10_000 });
      // A cluster needs a moment to give back what the deleted stream had reserved.
      await eventually(
        () => createStreamAt(connection, declared, messages[0]?.seq ?? 1).then(() => true),
        { withinMs: 60_000, everyMs: 100 },
      );
      const into = await targetOf(name);
      await storeAtSequences(into, messages);
      const stored = await allOf(connection, name);
      expect(stored.map(({ seq }) => seq)).toEqual(messages.map(({ seq }) => seq));
      expect(stored.map(own)).toEqual(messages.map(own));
      await storeAtSequences(into, messages.slice(-3));
      expect(await allOf(connection, name)).toHaveLength(messages.length);
      if (messages.length === 1) continue;
      const refused = storeAtSequences(into, messages.slice(0, 1));
      await expect(refused).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    }
  });
});
