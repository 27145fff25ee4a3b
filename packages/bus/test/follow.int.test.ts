import type { EventStore, Follower, StoredEvent } from '@writ/bus';
import { headers } from '@nats-io/nats-core';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import type { WritError } from '@writ/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { agent, grants, write } from './events.ts';

describe.each([1, 3] as const)('on a bus of %i', (nodes) => {
  let bus: TestBus;
  let store: EventStore;
  let follower: Follower | undefined;
  const heads = new Map<string, number>();

  beforeAll(async () => {
    bus = await startTestBus({ nodes });
    store = await bus.store();
  });
  afterEach(async () => {
    await follower?.stop();
    follower = undefined;
  });
  afterAll(() => bus.stop());

  /** Appends so many events to one aggregate, one by one. */
  async function grow(subject: string, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const { lastSeq } = await store.append([write(subject, heads.get(subject) ?? 0, 'grown')]);
      heads.set(subject, lastSeq);
    }
  }

  type Seen = { seqs: number[]; batches: number[]; idle: number[]; troubles: WritError[] };

  function follow(
    options: Partial<Parameters<EventStore['follow']>[0]> = {},
    from: EventStore = store,
  ): Seen {
    const seen: Seen = { seqs: [], batches: [], idle: [], troubles: [] };
    follower = from.follow({
      fromSeq: 1,
      onEvents: (batch) => {
        seen.batches.push(batch.length);
        seen.seqs.push(...batch.map((event) => event.seq));
      },
      onIdle: (lastSeq) => void seen.idle.push(lastSeq),
      onTrouble: (error) => void seen.troubles.push(error),
      ...options,
    });
    return seen;
  }

  const upTo = (last: number, from = 1) =>
    Array.from({ length: last - from + 1 }, (_, index) => from + index);

  describe('following the log', () => {
    test('says at once that there is nothing where the log is empty', async () => {
      const seen = follow();
      await eventually(() => seen.idle.length > 0);
      expect(seen.idle[0]).toBe(0);
    });

    test('brings the past from a sequence on, then what comes, in order and each once', async () => {
      await grow(agent('f1'), 20);
      const { lastSeq } = await store.status();
      const seen = follow({ fromSeq: 5 });
      await eventually(() => seen.idle.includes(lastSeq));
      await grow(agent('f1'), 10);
      await eventually(() => seen.idle.includes(lastSeq + 10));
      expect(seen.seqs).toEqual(upTo(lastSeq + 10, 5));
      expect(follower?.position).toBe(lastSeq + 10);
    });

    test('says again and again that there is nothing new while nothing comes', async () => {
      const seen = follow();
      await eventually(() => seen.idle.length >= 3);
      const { lastSeq } = await store.status();
      expect(new Set(seen.idle)).toEqual(new Set([lastSeq]));
    });

    test('with filters brings only these, and still says up to where nothing more is to be had', async () => {
      await grow(agent('f2'), 3);
      await grow(grants('f2'), 2);
      const seen = follow({
        filters: ['writ.*.evt.authority.grants.*.f2', 'writ.*.evt.registry.agent.*.nobody'],
      });
      await eventually(() => seen.seqs.length === 2);
      await grow(agent('f2'), 4);
      const { lastSeq } = await store.status();
      await eventually(() => seen.idle.includes(lastSeq));
      expect(seen.seqs).toHaveLength(2);
    });

    test('starts at a sequence that is still to come', async () => {
      const { lastSeq } = await store.status();
      const seen = follow({ fromSeq: lastSeq + 1 });
      await eventually(() => seen.idle.includes(lastSeq));
      await grow(agent('f3'), 2);
      await eventually(() => seen.seqs.length === 2);
      expect(seen.seqs).toEqual([lastSeq + 1, lastSeq + 2]);
    });

    test('never calls a handler twice at once, holds back what it can not take, and keeps batches in their bound', async () => {
      await grow(agent('f4'), 60);
      const { lastSeq } = await store.status();
      let running = 0;
      let most = 0;
      const seqs: number[] = [];
      const seen = follow({
        maxBatch: 7,
        onEvents: async (batch: readonly StoredEvent[]) => {
          most = Math.max(most, ++running);
          expect(batch.length).toBeLessThanOrEqual(7);
          await new Promise((resolve) => setImmediate(resolve));
          seqs.push(...batch.map((event) => event.seq));
          running--;
        },
      });
      await eventually(() => seen.idle.includes(lastSeq));
      expect(seqs).toEqual(upTo(lastSeq));
      expect(most).toBe(1);
      expect(seen.troubles).toEqual([]);
    });
  });

  describe('when something breaks', () => {
    test('a handler that throws ends it with that error, and the position stays before the batch', async () => {
      await grow(agent('f5'), 2);
      follow({
        onEvents: () => {
          throw new Error('the handler broke');
        },
      });
      await expect(follower?.done).rejects.toThrow('the handler broke');
      expect(follower?.position).toBe(0);
    });

    test('a server that is killed and comes back costs no event and brings none twice', async () => {
      await grow(agent('f6'), 50);
      const seen = follow();
      await eventually(() => seen.seqs.length >= 50);
      await bus.kill();
      await bus.restart();
      await bus.settled();
      await grow(agent('f6'), 51);
      const { lastSeq } = await store.status();
      await eventually(() => seen.idle.includes(lastSeq), { withinMs: 60_000 });
      expect(seen.seqs).toEqual(upTo(lastSeq));
      // One of three may go without the follower noticing.
      if (nodes === 1)
        expect(seen.troubles.map((error) => error.code)).toContain('LOG_UNAVAILABLE');
    });

    test('a server that is killed in the middle of the past costs nothing either', async () => {
      await grow(agent('f7'), 300);
      const { lastSeq } = await store.status();
      const seqs: number[] = [];
      let reached = () => undefined as void;
      const middle = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const seen = follow({
        maxBatch: 20,
        onEvents: async (batch: readonly StoredEvent[]) => {
          seqs.push(...batch.map((event) => event.seq));
          if (seqs.length > 100) reached();
          await new Promise((resolve) => setImmediate(resolve));
        },
      });
      await middle;
      await bus.kill();
      await bus.restart();
      await eventually(() => seen.idle.includes(lastSeq), { withinMs: 60_000 });
      expect(seqs).toEqual(upTo(lastSeq));
      await bus.settled();
    });

    test('a consumer that somebody deletes is made again, and nothing is skipped or repeated', async () => {
      const seen = follow();
      const operator = await bus.connect('operator');
      const { lastSeq } = await store.status();
      await eventually(() => seen.idle.includes(lastSeq));
      const names = (await operator.request('$JS.API.CONSUMER.NAMES.EVENTS-1')).json<{
        consumers: string[];
      }>().consumers;
      for (const name of names) await operator.request(`$JS.API.CONSUMER.DELETE.EVENTS-1.${name}`);
      await grow(agent('f8'), 5);
      await eventually(() => seen.idle.includes(lastSeq + 5));
      expect(seen.seqs).toEqual(upTo(lastSeq + 5));
    });

    test('a stream that is not the one of the checkpoint is refused', async () => {
      follow({ created: '2020-01-01T00:00:00Z' });
      await expect(follower?.done).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
    });

    test('an event of a type that this release does not know ends it, and names the event and its sequence', async () => {
      const operator = await bus.connect('operator');
      const { lastSeq } = await store.status();
      const lines = headers();
      for (const [name, value] of Object.entries({
        'ce-id': 'x',
        'ce-type': 'dev.writ.mission.MissionMoonlit.v9',
        'ce-time': '2026-01-01T00:00:00.000Z',
        'ce-writtenant': 'default',
        'ce-writversion': '1',
      }))
        lines.set(name, value);
      await operator.request(`_writ.${bus.secrets.ingest}.default.evt.mission.run.m1`, '{}', {
        headers: lines,
        timeout: 20_000,
      });
      follow({ fromSeq: lastSeq });
      await expect(follower?.done).rejects.toMatchObject({
        code: 'EVENT_UNREADABLE',
        message: expect.stringMatching(new RegExp(`${lastSeq + 1}.*MissionMoonlit`)),
      });
      expect(follower?.position).toBeLessThanOrEqual(lastSeq);
    });

    test('leaves no consumer behind when it is stopped', async () => {
      const seen = follow({ fromSeq: (await store.status()).lastSeq + 1 });
      await eventually(() => seen.idle.length > 0);
      await follower?.stop();
      const operator = await bus.connect('operator');
      await eventually(async () => {
        const names = (await operator.request('$JS.API.CONSUMER.NAMES.EVENTS-1')).json<{
          consumers: string[] | null;
        }>();
        return (names.consumers ?? []).length === 0;
      });
    });
  });
});
