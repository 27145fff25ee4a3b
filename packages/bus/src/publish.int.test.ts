/** What the broker's refusals mean, and that what is sent again because of them is stored once: on one node and on three. */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/nats-core';
import { subjects } from '@writ/contracts';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDeadLetters } from './dead-letters.ts';
import { openDecisionLog } from './decision-log.ts';
import type { NewEvent } from './event-codec.ts';
import type { EventStore } from './event-store.ts';
import { headerText } from './header-block.ts';
import { type Outgoing, publishOnce, type PublishResult } from './publish.ts';
import { segmentSubject } from './segment-names.ts';
import { openStreamReader } from './stream-reader.ts';

/** What the broker opens at once of one stream. */
const OPEN_BATCHES = 50;
const ROUNDS = 50;
const PATIENT = { withinMs: 30_000 };

function event(version: number): NewEvent {
  return {
    type: 'AgentSuspended',
    data: { agentId: 'fleet:x', reason: null },
    id: randomUUID(),
    timeMs: Date.UTC(2027, 0, 4),
    version,
    tenant: 'default',
    actor: { type: 'api_key', id: 'tester00001' },
    aggregate: 'agent/fleet:x',
  };
}

describe.each([1, 3] as const)('on %i node(s)', (nodes) => {
  let bus: TestBus;
  let store: EventStore;
  let operator: NatsConnection;
  let count = 0;

  beforeAll(async () => {
    bus = await startTestBus({ nodes });
    [store, operator] = await Promise.all([bus.store(), bus.connect('operator')]);
  });
  afterAll(() => bus.stop());

  const fresh = () => subjects.agent('default', `fleet:x${++count}`);

  function message(
    subject: string,
    { guard, id, segment = 1 }: { guard?: number; id?: string; segment?: number } = {},
  ): Outgoing {
    const lines: [string, string][] = [];
    if (guard !== undefined) lines.push(['Nats-Expected-Last-Subject-Sequence', String(guard)]);
    if (id !== undefined) lines.push(['Nats-Msg-Id', id]);
    return {
      subject: segmentSubject(bus.secrets.ingest, subject, segment),
      headers: headerText(lines),
      body: Buffer.from('{}'),
    };
  }

  const publish = (...messages: Outgoing[]): Promise<PublishResult> =>
    publishOnce({ connection: operator, timeoutMs: 10_000 }, messages);

  const codeOf = (result: PublishResult): unknown =>
    result.kind !== 'stored' && (result.error as { errCode?: number }).errCode;

  describe('it is a conflict', () => {
    test('when the subject moved on (10071)', async () => {
      const subject = fresh();
      await publish(message(subject, { guard: 0 }));
      const results = [
        await publish(message(subject, { guard: 0 })),
        await publish(message(fresh()), message(subject, { guard: 0 })),
      ];
      expect(results.map(({ kind }) => kind)).toEqual(['conflict', 'conflict']);
      expect(results.map(codeOf)).toEqual([10_071, 10_071]);
    });

    test('when the subject is being written to (10164)', async () => {
      const subject = fresh();
      const again = message(subject, { guard: 0 });
      const inOneBatch = await publish(again, again);
      expect([inOneBatch.kind, codeOf(inOneBatch)]).toEqual(['conflict', 10_164]);
      const codes = new Set<unknown>();
      for (let round = 0; round < ROUNDS; round++) {
        const raced = message(fresh(), { guard: 0 });
        const [one, other] = await Promise.all([publish(raced), publish(raced)]);
        expect([one.kind, other.kind].toSorted()).toEqual(['conflict', 'stored']);
        codes.add(codeOf(one) || codeOf(other));
      }
      // One node compares with what is stored; three also with what is on its way.
      if (nodes === 1) expect([...codes]).toEqual([10_071]);
      else expect(codes).toContain(10_164);
    });

    test('when a batch holds a message id that is stored (10201)', async () => {
      const id = randomUUID();
      const batch = () => publish(message(fresh(), { id }), message(fresh()));
      expect(await batch()).toMatchObject({ kind: 'stored' });
      const again = await batch();
      expect([again.kind, codeOf(again)]).toEqual(['conflict', 10_201]);
    });
  });

  describe('it is tried again', () => {
    test('when a message of the same id is being stored (10158)', async () => {
      const codes = new Set<unknown>();
      for (let round = 0; round < ROUNDS; round++) {
        const same = message(fresh(), { id: randomUUID() });
        for (const result of await Promise.all([publish(same), publish(same)])) {
          codes.add(codeOf(result));
          if (codeOf(result) === 10_158) expect(result.kind).toBe('unclear');
        }
      }
      if (nodes === 3) expect(codes).toContain(10_158);
    });

    test('when no stream takes the subject, as while a leader is chosen', async () => {
      expect(await publish(message(fresh(), { segment: 9 }))).toMatchObject({
        kind: 'elsewhere',
        error: { name: 'NoResponderError' },
      });
    });

    test('when too many batches are open (10210), until there is room', async () => {
      const open = (subject: string, id: string, number: number) =>
        publishOnce({ connection: operator, timeoutMs: 10_000 }, [
          {
            ...message(subject),
            headers: headerText([
              ['Nats-Batch-Id', id],
              ['Nats-Batch-Sequence', String(number)],
            ]),
          },
        ]);
      const batches = Array.from({ length: OPEN_BATCHES }, () => [fresh(), randomUUID()] as const);
      await Promise.all(batches.map(([subject, id]) => open(subject, id, 1)));
      const refused = await publish(message(fresh()), message(fresh()));
      expect([refused.kind, codeOf(refused)]).toEqual(['unclear', 10_210]);

      const subject = fresh();
      let settled = false;
      const appended = store
        .append([{ subject, expectedLastSeq: 0, events: [event(1), event(2)] }])
        .finally(() => {
          settled = true;
        });
      // So that the append has met them all before there is room.
      await publish(message(fresh()), message(fresh()));
      expect(settled).toBe(false);
      // What does not go on with the next number is given up.
      for (const [other, id] of batches) await open(other, id, 9);
      await appended;
      expect((await store.load(subject)).events.map(({ version }) => version)).toEqual([1, 2]);
    });
  });

  describe('who writes the same at once', () => {
    test('as a record of decisions stores it once, and everybody hears where', async () => {
      const logs = await Promise.all(
        [1, 2].map(async () =>
          openDecisionLog({
            connection: await bus.connect('governor-store'),
            ingest: bus.secrets.ingest,
          }),
        ),
      );
      for (let firstN = 1; firstN <= ROUNDS; firstN++) {
        const batch = { tenant: 'default', governor: 'g1', boot: 'b1', firstN, body: '[]' };
        const twice = [...logs, ...logs].map((log) => log.append(batch));
        expect(new Set(await Promise.all(twice))).toEqual(new Set([firstN]));
      }
      const status = () => openStreamReader(operator, 'DECISIONS').status();
      await eventually(async () => (await status()).messages === ROUNDS, PATIENT);
    });

    test('as a dead letter stores it once', async () => {
      const shelf = openDeadLetters({ connection: operator, ingest: bus.secrets.ingest });
      const letter = {
        id: 'letter-1',
        tenant: 'default',
        stream: 'INBOX',
        seq: 7,
        subject: 'writ.default.inbox.tester00001.execution.report',
        keyId: 'tester00001',
        verb: 'execution.report',
        headers: [],
        body: '',
        code: 'BODY_INVALID' as const,
        reason: 'the body is not valid',
        details: [],
        attempts: 1,
        firstAt: '2027-01-01T00:00:00.000Z',
        lastAt: '2027-01-01T00:00:00.000Z',
      };
      await Promise.all(Array.from({ length: 4 }, () => shelf.write(letter)));
      await shelf.write({ ...letter, reason: 'another' });
      expect(await shelf.list({ tenant: 'default', limit: 10 })).toEqual([{ letter, seq: 1 }]);
    });
  });
});
