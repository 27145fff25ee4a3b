import { randomUUID } from 'node:crypto';
import {
  type AggregateWrite,
  type EventStore,
  type Follower,
  logSegments,
  type NatsConnection,
  type RawMessage,
  readRawMessages,
  storeAtSequences,
  type StoredEvent,
} from '@writ/bus';
import {
  beginRestore,
  checkStreams,
  endRestore,
  planStreams,
  removeSegment,
  rollLog,
  topology,
} from '@writ/streams';
import { subjects } from '@writ/contracts';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const agent = (name: string) => subjects.agent('default', `fleet:${name}`);

/** A write whose events go on after a version. */
function write(name: string, at: { lastSeq: number; version: number }, count = 1): AggregateWrite {
  return {
    subject: agent(name),
    expectedLastSeq: at.lastSeq,
    events: Array.from({ length: count }, (_, index) => ({
      type: 'AgentSuspended',
      data: { agentId: `fleet:${name}`, reason: 'test' },
      id: randomUUID(),
      timeMs: Date.UTC(2027, 0, 4),
      version: at.version + index + 1,
      tenant: 'default',
      actor: { type: 'api_key', id: 'tester00001' },
      aggregate: `agent/fleet:${name}`,
    })),
  };
}

/** Machines that run tests are busy. */
const PATIENT = { withinMs: 60_000 };
const none = { lastSeq: 0, version: 0 };
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe.each([1, 3] as const)(
  'rolling the log over on %i nodes',
  { timeout: 180_000 },
  (nodes) => {
    let bus: TestBus;
    let operator: NatsConnection;
    let store: EventStore;
    const followers: Follower[] = [];
    let count = 0;
    const fresh = () => `r${++count}`;

    beforeAll(async () => {
      bus = await startTestBus({ nodes });
      operator = await bus.connect('operator');
      store = await bus.store('commander-store', { appendTimeoutMs: 60_000 });
    }, 120_000);
    afterEach(async () => {
      await Promise.all(followers.splice(0).map((follower) => follower.stop()));
    });
    afterAll(() => bus.stop());

    const roll = () => rollLog(operator, bus.topology);

    async function ask<T>(path: string, body?: unknown): Promise<T> {
      const text = body === undefined ? '' : JSON.stringify(body);
      const reply = await operator.request(`$JS.API.${path}`, text, { timeout: 10_000 });
      return reply.json<T>();
    }

    function followed(from: EventStore, settings: { fromSeq: number; filters?: string[] }) {
      const seen = { seqs: [] as number[], idle: 0 };
      const follower = from.follow({
        ...settings,
        onEvents: (batch) => void seen.seqs.push(...batch.map((event) => event.seq)),
        onIdle: (lastSeq) => {
          seen.idle = lastSeq;
        },
      });
      followers.push(follower);
      return seen;
    }

    async function everything(): Promise<StoredEvent[]> {
      const { lastSeq } = await store.status();
      let events: StoredEvent[] = [];
      await eventually(async () => {
        events = await store.read({ fromSeq: 1, limit: lastSeq });
        return events.length === lastSeq;
      }, PATIENT);
      return events;
    }

    test('goes on with the numbers: loading, reading, following and the state of the log are as before', async () => {
      const [name, filtered] = [fresh(), { filters: [agent('r2')] }];
      const live = followed(await bus.store('governor-store'), { fromSeq: 1 });
      const some = followed(await bus.store('api-store'), { fromSeq: 1, ...filtered });
      const first = await store.append([write(name, none, 3)]);
      const rolled = await roll();
      expect(rolled).toMatchObject({ from: rolled.to - 1, lastSeq: first.lastSeq });
      const at = { lastSeq: first.lastSeq, version: 3 };
      const second = await store.append([write(name, at, 2), write(fresh(), none)]);
      expect(second.events.map(({ seq }) => seq)).toEqual(
        [4, 5, 6].map((n) => n + first.lastSeq - 3),
      );
      expect(store.segment).toBe(rolled.to);
      for (const reader of [store, await bus.store()]) {
        const { events, lastSeq } = await reader.load(agent(name));
        expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
        expect(lastSeq).toBe(second.lastSeq - 1);
        expect((await reader.load(agent(name), first.lastSeq)).events).toHaveLength(2);
        expect((await reader.load(agent(name), first.lastSeq - 1)).events).toHaveLength(3);
        expect(await reader.lastSequence(agent(name))).toBe(lastSeq);
        expect(await reader.status()).toMatchObject({
          firstSeq: 1,
          lastSeq: second.lastSeq,
          messages: second.lastSeq,
          segment: rolled.to,
        });
      }
      expect((await everything()).map(({ seq }) => seq)).toEqual(upTo(second.lastSeq));
      const past = followed(store, { fromSeq: 2 });
      await eventually(
        () => [live, some, past].every(({ idle }) => idle === second.lastSeq),
        PATIENT,
      );
      expect(live.seqs).toEqual(upTo(second.lastSeq));
      expect(past.seqs).toEqual(upTo(second.lastSeq).slice(1));
      expect(some.seqs).toHaveLength(1);
      expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
    });

    test('leaves the closed segment one that nothing can be stored in or taken from', async () => {
      const { from } = await roll();
      const info = await ask<{ config: { sealed: boolean; subjects: string[] } }>(
        `STREAM.INFO.EVENTS-${from}`,
      );
      expect(info.config.sealed).toBe(true);
      expect(info.config.subjects.join()).not.toContain('evt');
      const reply = await operator.request(info.config.subjects[0] ?? '', '{}');
      expect(reply.json<{ error?: unknown }>().error).toBeDefined();
    });

    test('guards an aggregate by its last event in an older segment, also one that has none since', async () => {
      const [old, other] = [fresh(), fresh()];
      const stale = await bus.store();
      const first = await store.append([write(old, none)]);
      const second = await store.append([write(old, { ...first, version: 1 })]);
      expect(await stale.lastSequence(agent(other))).toBe(0);
      await store.append([write(other, none)]);
      await roll();
      const conflict = { code: 'VERSION_CONFLICT' };
      await expect(stale.append([write(old, none)])).rejects.toMatchObject(conflict);
      await expect(stale.append([write(other, none)])).rejects.toMatchObject(conflict);
      await expect(stale.append([write(old, { ...first, version: 1 })])).rejects.toMatchObject(
        conflict,
      );
      await expect(
        stale.append([write(fresh(), none), write(old, { ...first, version: 1 })]),
      ).rejects.toMatchObject(conflict);
      const third = await stale.append([
        write(old, { ...second, version: 2 }, 2),
        write(fresh(), none),
      ]);
      await expect(store.append([write(old, { ...second, version: 2 })])).rejects.toMatchObject(
        conflict,
      );
      expect((await store.load(agent(old))).events.map(({ version }) => version)).toEqual([
        1, 2, 3, 4,
      ]);
      expect(third.events).toHaveLength(3);
    });

    test('loses, doubles and reorders nothing of what several writers store meanwhile, and no stale one succeeds', async () => {
      const names = Array.from({ length: 8 }, fresh);
      const stores = await Promise.all(
        Array.from({ length: 5 }, () => bus.store('commander-store', { appendTimeoutMs: 60_000 })),
      );
      const live = followed(store, { fromSeq: 1 });
      const acknowledged = new Map<string, number>();
      const gaps: (number | null)[] = [];
      let [rolling, conflicts, slowestMs] = [true, 0, 0];
      const work = async (own: EventStore, writer: number) => {
        const states = new Map(names.map((name) => [name, none]));
        for (let step = 0; rolling || step % 5 !== 0; step++) {
          const fewer = (step * 7 + writer) % names.length;
          const name =
            step % 9 === 0
              ? `n${nodes}-${Math.floor(step / 9)}-${gaps.length}`
              : (names[fewer] ?? '');
          const partner = names[(fewer + 1) % names.length] ?? '';
          const chosen = step % 4 === 0 && partner !== name ? [name, partner] : [name];
          const writes = chosen.map((one) => write(one, states.get(one) ?? none, 1 + (step % 3)));
          const begun = performance.now();
          try {
            const { events, lastSeq } = await own.append(writes);
            for (const { id, seq } of events) acknowledged.set(id, seq);
            let seq = lastSeq - events.length;
            for (const { subject, events: written } of writes) {
              seq += written.length;
              const version = written.at(-1)?.version ?? 0;
              states.set(subject.split('.').at(-1) ?? '', { lastSeq: seq, version });
            }
          } catch (error) {
            if ((error as { code?: string }).code !== 'VERSION_CONFLICT') throw error;
            conflicts++;
            for (const one of chosen) {
              const { events, lastSeq } = await eventually(() => own.load(agent(one)), PATIENT);
              states.set(one, { lastSeq, version: events.at(-1)?.version ?? 0 });
            }
          }
          slowestMs = Math.max(slowestMs, performance.now() - begun);
        }
      };
      const working = Promise.all(stores.map(work));
      for (let n = 0; n < 4; n++) {
        const enough = acknowledged.size + 150;
        await Promise.race([eventually(() => acknowledged.size > enough, PATIENT), working]);
        gaps.push((await roll()).gapMs);
      }
      rolling = false;
      await working;
      const events = await everything();
      expect(events.map(({ seq }) => seq)).toEqual(upTo(events.length));
      const stored = new Map(events.map(({ id, seq }) => [id, seq]));
      expect(stored.size).toBe(events.length);
      for (const [id, seq] of acknowledged) expect(stored.get(id)).toBe(seq);
      const versions = new Map<string, number>();
      for (const { subject, version } of events) {
        if (/\.r\d+$/.test(subject) && !names.some((name) => subject.endsWith(`.${name}`)))
          continue;
        expect(version).toBe((versions.get(subject) ?? 0) + 1);
        versions.set(subject, version);
      }
      expect([...versions.values()].reduce((sum, version) => sum + version, 0)).toBe(
        acknowledged.size,
      );
      expect(conflicts).toBeGreaterThan(0);
      await eventually(() => live.idle === events.length, PATIENT);
      expect(live.seqs).toEqual(upTo(events.length));
      if (process.env['WRIT_TEST_VERBOSE'] !== undefined)
        console.log({ nodes, gaps, slowestMs, events: events.length, conflicts });
    });

    test('that was broken off after closing is refused to be applied over, and finished by rolling again', async () => {
      const name = fresh();
      const first = await store.append([write(name, none)]);
      const stream = store.stream;
      const { config } = await ask<{ config: Record<string, unknown> }>(`STREAM.INFO.${stream}`);
      const subject = `_writ.${bus.secrets.ingest}.closed.${store.segment}`;
      await ask(`STREAM.UPDATE.${stream}`, { ...config, subjects: [subject] });
      const impatient = await bus.store('commander-store', { appendTimeoutMs: 300 });
      const next = write(name, { ...first, version: 1 });
      await expect(impatient.append([next])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      const step = (await planStreams(operator, bus.topology)).steps.find(
        ({ target }) => target === stream,
      );
      expect(step).toMatchObject({ action: 'refuse', reason: expect.stringContaining('log roll') });
      const waiting = store.append([next]);
      expect(await roll()).toMatchObject({ lastSeq: first.lastSeq, gapMs: null });
      expect((await waiting).lastSeq).toBe(first.lastSeq + 1);
      expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
    });

    test('that the broker refuses is taken back, and the log goes on where it was', async () => {
      const name = fresh();
      const first = await store.append([write(name, none)]);
      const { segment } = store;
      const tooMany = topology({ ingest: bus.secrets.ingest, replicas: nodes === 1 ? 3 : 5 });
      await expect(rollLog(operator, tooMany)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`goes on in segment \`${segment}\``),
      });
      const second = await store.append([write(name, { ...first, version: 1 })]);
      expect(second.lastSeq).toBe(first.lastSeq + 1);
      expect(store.segment).toBe(segment);
    });

    test('leaves segments that can be removed and put back: what needs one meanwhile says so, and nothing is skipped', async () => {
      const [old, young] = [fresh(), fresh()];
      const first = await store.append([write(old, none)]);
      await roll();
      const second = await store.append([write(young, none)]);
      const [segment] = await logSegments(operator);
      if (segment?.lastSeq === undefined) throw new Error('the oldest segment is not closed');
      const { number, created, firstSeq, lastSeq, stream } = segment;
      const messages: RawMessage[] = [];
      const range = { connection: operator, stream, fromSeq: firstSeq, throughSeq: lastSeq };
      for await (const page of readRawMessages(range)) messages.push(...page);
      await expect(removeSegment(operator, number + 1)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
      await removeSegment(operator, number);

      const missing = { code: 'LOG_UNAVAILABLE', message: expect.stringContaining('log restore') };
      const stranger = await bus.store();
      await expect(stranger.load(agent('r1'))).rejects.toMatchObject(missing);
      await expect(stranger.lastSequence(agent(fresh()))).rejects.toMatchObject(missing);
      await expect(stranger.append([write(fresh(), none)])).rejects.toMatchObject(missing);
      await expect(stranger.read({ fromSeq: 1, limit: 1 })).rejects.toMatchObject(missing);
      const keys = stranger.follow({
        fromSeq: 1,
        filters: ['writ.*.evt.tenancy.key.*'],
        onEvents: () => undefined,
      });
      await expect(keys.done).rejects.toMatchObject(missing);
      const third = await stranger.append([write(young, { ...second, version: 1 })]);
      expect((await stranger.load(agent(young), second.lastSeq)).events).toHaveLength(1);
      const later = followed(stranger, { fromSeq: lastSeq + 1 });
      await eventually(() => later.idle === third.lastSeq, PATIENT);

      const place = { number, created, firstSeq, lastSeq };
      const ingest = await beginRestore(operator, bus.topology, place);
      await storeAtSequences({ connection: operator, stream, ingest }, messages.slice(0, 1));
      await expect(stranger.load(agent('r1'))).rejects.toMatchObject(missing);
      await expect(endRestore(operator, bus.topology, place)).rejects.toMatchObject({
        code: lastSeq === 1 ? undefined : 'LOG_UNAVAILABLE',
      });
      expect(await beginRestore(operator, bus.topology, place)).toBe(ingest);
      await storeAtSequences({ connection: operator, stream, ingest }, messages.slice(1));
      await endRestore(operator, bus.topology, place);
      const restored: RawMessage[] = [];
      for await (const page of readRawMessages(range)) restored.push(...page);
      const without = (message: RawMessage) => ({ ...message, storedAt: null });
      expect(restored.map(without)).toEqual(messages.map(without));
      expect((await logSegments(operator))[0]).toMatchObject({
        number,
        created,
        firstSeq,
        lastSeq,
      });
      for (const reader of [store, stranger]) {
        expect((await reader.load(agent('r1'))).events.length).toBeGreaterThan(0);
        expect(await reader.lastSequence(agent(fresh()))).toBe(0);
        expect((await reader.load(agent(old))).lastSeq).toBe(first.lastSeq);
      }
      expect((await everything()).map(({ seq }) => seq)).toEqual(upTo(third.lastSeq));
      expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
    });

    if (nodes === 3)
      test('with a node down happens, is taken back, or is finished by the next one', {
        timeout: 180_000,
      }, async () => {
        const name = fresh();
        let at = { ...(await store.append([write(name, none)])), version: 1 };
        await bus.kill(2);
        const outcome = await roll().then(
          () => 'rolled',
          (error: { code: string }) => error.code,
        );
        // Where even the broker's answers stay away, the error says so, and the next roll finishes this one.
        const settled = outcome === 'rolled' || outcome === 'CONFIG_INVALID';
        if (!settled) expect(outcome).toBe('LOG_UNAVAILABLE');
        const again = async () => {
          const { lastSeq } = await store.append([write(name, at)]);
          at = { ...at, lastSeq, version: at.version + 1 };
          return true;
        };
        if (settled) await eventually(again, PATIENT);
        await bus.restart(2);
        await eventually(() => roll().then(() => true), PATIENT);
        await eventually(again, PATIENT);
        await bus.settled();
        const { events } = await store.load(agent(name));
        expect(events.map(({ version }) => version)).toEqual(upTo(at.version));
        await eventually(async () => (await checkStreams(operator, bus.topology)).ok, {
          withinMs: 60_000,
        });
      });

    test('of an empty segment is refused: there is nothing to close', async () => {
      await roll();
      await expect(roll()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    });
  },
);
