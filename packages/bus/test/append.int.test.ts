import { connectAs, type EventStore, openEventStore } from '@writ/bus';
import { eventually, freeze, startTcpProxy, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, grants, reasonOf, write } from './events.ts';

describe.each([1, 3] as const)('on a bus of %i', (nodes) => {
  let bus: TestBus;
  let store: EventStore;
  let count = 0;
  /** A subject that no other test uses. */
  const fresh = () => agent(`a${++count}`);

  beforeAll(async () => {
    bus = await startTestBus({ nodes });
    store = await bus.store();
  });
  afterAll(() => bus.stop());

  async function stored(subject: string): Promise<string[]> {
    return (await store.load(subject)).events.map(reasonOf);
  }

  describe('appending to one aggregate', () => {
    test('gives the sequences of what was stored, and loading gives it back as it was', async () => {
      const subject = fresh();
      const first = await store.append([write(subject, 0, 'one')]);
      const second = await store.append([write(subject, first.lastSeq, 'two', 'three')]);
      const { events, lastSeq } = await store.load(subject);
      expect(events.map(reasonOf)).toEqual(['one', 'two', 'three']);
      expect(events.map((event) => event.seq)).toEqual(
        [...first.events, ...second.events].map((event) => event.seq),
      );
      expect(events[0]).toMatchObject({
        type: 'AgentSuspended',
        tenant: 'default',
        timeMs: Date.UTC(2026, 0, 1),
        subject,
      });
      expect(lastSeq).toBe(second.lastSeq);
      expect(await store.lastSequence(subject)).toBe(second.lastSeq);
    });

    test('loads only what comes after a sequence, and nothing of an aggregate that is not there', async () => {
      const subject = fresh();
      const { lastSeq } = await store.append([write(subject, 0, 'one')]);
      expect(await store.load(subject, lastSeq)).toEqual({ events: [], lastSeq });
      await store.append([write(subject, lastSeq, 'two')]);
      expect((await store.load(subject, lastSeq)).events.map(reasonOf)).toEqual(['two']);
      expect(await store.load(fresh())).toEqual({ events: [], lastSeq: 0 });
    });

    test('loads a long life among the events of others, whole and from any point of it', async () => {
      const [long, other] = [fresh(), fresh()];
      const seqs: number[] = [];
      let [last, otherLast] = [0, 0];
      for (let n = 0; n < 90; n++) {
        const { events, lastSeq } = await store.append([
          write(long, last, ...(n % 3 === 0 ? ['x', 'y'] : ['x'])),
        ]);
        seqs.push(...events.map((event) => event.seq));
        last = lastSeq;
        otherLast = (await store.append([write(other, otherLast, 'between')])).lastSeq;
      }
      for (const from of [0, 1, 5, 60, 90, 118, 119, 120]) {
        const afterSeq = seqs[from - 1] ?? 0;
        expect((await store.load(long, afterSeq)).events.map((event) => event.seq)).toEqual(
          seqs.filter((seq) => seq > afterSeq),
        );
      }
    });

    test('is refused as a conflict when the aggregate moved on, and stores nothing', async () => {
      const subject = fresh();
      await store.append([write(subject, 0, 'one')]);
      await expect(store.append([write(subject, 0, 'late')])).rejects.toMatchObject({
        code: 'VERSION_CONFLICT',
      });
      await expect(store.append([write(subject, 0, 'late', 'later')])).rejects.toMatchObject({
        code: 'VERSION_CONFLICT',
      });
      expect(await stored(subject)).toEqual(['one']);
    });

    test('lets exactly one of two win who append at the same instant, and leaves no hole', async () => {
      const [left, right] = await Promise.all([bus.store(), bus.store()]);
      for (let round = 0; round < 50; round++) {
        const subject = fresh();
        const results = await Promise.allSettled([
          left.append([write(subject, 0, 'left')]),
          right.append([write(subject, 0, 'right')]),
        ]);
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
        expect(await stored(subject)).toHaveLength(1);
      }
      const { firstSeq, lastSeq, messages } = await store.status();
      expect(messages).toBe(lastSeq - firstSeq + 1);
    });

    test('is refused when the event is larger than the bus takes', async () => {
      const subject = fresh();
      const promise = store.append([write(subject, 0, 'x'.repeat(2_000_000))]);
      await expect(promise).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    });
  });

  describe('appending to several aggregates', () => {
    test('stores all in one run of sequences', async () => {
      const [a, b] = [fresh(), grants(`b${++count}`)];
      const { events, lastSeq } = await store.append([write(a, 0, 'a1', 'a2'), write(b, 0, 'b1')]);
      expect(events.map((event) => event.seq)).toEqual([lastSeq - 2, lastSeq - 1, lastSeq]);
      expect(await stored(a)).toEqual(['a1', 'a2']);
      expect(await stored(b)).toEqual(['b1']);
    });

    test.each([0, 1])('stores nothing at all when aggregate %i moved on', async (moved) => {
      const subjects = [fresh(), fresh()] as const;
      await store.append([write(subjects[moved] ?? '', 0, 'before')]);
      const promise = store.append(subjects.map((subject) => write(subject, 0, 'batch', 'batch')));
      await expect(promise).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
      expect((await Promise.all(subjects.map(stored))).flat()).toEqual(['before']);
    });

    test('goes on under more batches at once than the broker opens', async () => {
      const work = Array.from({ length: 120 }, () =>
        store.append([write(fresh(), 0, 'one', 'two')]),
      );
      expect(await Promise.all(work)).toHaveLength(120);
    });

    test('refuses to name one aggregate twice', async () => {
      const subject = fresh();
      await expect(
        store.append([write(subject, 0, 'a'), write(subject, 0, 'b')]),
      ).rejects.toMatchObject({ code: 'INTERNAL' });
    });
  });

  // Here the test stops the very server that it talks to.
  if (nodes === 1)
    describe('an answer that never came', () => {
      test.each([
        ['one event', ['one']],
        ['a batch', ['one', 'two', 'three']],
      ])('is found in the log when %s was stored, once', async (_, reasons) => {
        const subject = fresh();
        const proxy = await startTcpProxy(Number(new URL(bus.url).port));
        const connection = await connectAs(bus.secrets, 'commander-store', {
          servers: `nats://127.0.0.1:${proxy.port}`,
        });
        try {
          const behind = openEventStore({ connection, ...bus.secrets });
          await behind.lastSequence(subject);
          // Of a batch the opening has to be answered before the commit is sent: only its commit is lost.
          const appended = behind.append([write(subject, 0, ...reasons)]);
          if (reasons.length === 1) proxy.loseAnswers();
          else
            connection.publish = losingAt(connection.publish.bind(connection), proxy.loseAnswers);
          await eventually(async () => (await store.lastSequence(subject)) > 0);
          proxy.heal();
          const { events } = await appended;
          expect(await stored(subject)).toEqual(reasons);
          expect((await store.load(subject)).events.map((event) => event.seq)).toEqual(
            events.map((event) => event.seq),
          );
        } finally {
          await connection.close();
          await proxy.stop();
        }
      });

      test('stores once what was sent twice to a server that stood still', async () => {
        const subject = fresh();
        const tried = await counted(subject, 20_000);
        const resume = await stand();
        const appended = tried.store.append([write(subject, 0, 'once')]);
        await resume(() => tried.sent() >= 2);
        const { lastSeq } = await appended;
        expect(await stored(subject)).toEqual(['once']);
        expect(await store.lastSequence(subject)).toBe(lastSeq);
      });

      test('is a conflict when others wrote in the meantime', async () => {
        const subject = fresh();
        const [one, other] = [await counted(subject), await counted(subject)];
        const resume = await stand();
        const both = Promise.allSettled([
          one.store.append([write(subject, 0, 'left')]),
          other.store.append([write(subject, 0, 'right')]),
        ]);
        await resume(() => one.sent() > 0 && other.sent() > 0);
        const results = await both;
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
        expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
          code: 'VERSION_CONFLICT',
        });
        expect(await stored(subject)).toHaveLength(1);
      });

      test('fails with a bound when the server does not come back', async () => {
        const subject = fresh();
        const impatient = await bus.store('commander-store', { appendTimeoutMs: 300 });
        const [pid = 0] = bus.pids();
        await freeze(pid);
        try {
          await expect(impatient.append([write(subject, 0, 'lost')])).rejects.toMatchObject({
            code: 'LOG_UNAVAILABLE',
          });
        } finally {
          process.kill(pid, 'SIGCONT');
        }
      });
    });

  /** Stops the server; what comes back lets it go on as soon as something holds. */
  async function stand(): Promise<(until: () => boolean) => Promise<void>> {
    const [pid = 0] = bus.pids();
    await freeze(pid);
    return async (until) => {
      try {
        await eventually(until, { withinMs: 30_000 });
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    };
  }

  /** A store that knows where the log stands, and how often it sent an event of a subject. */
  async function counted(subject: string, appendTimeoutMs?: number) {
    const connection = await bus.connect('commander-store');
    const counting = openEventStore({
      connection,
      ...bus.secrets,
      ...(appendTimeoutMs === undefined ? {} : { appendTimeoutMs }),
    });
    await counting.lastSequence(subject);
    let sent = 0;
    const publish = connection.publish.bind(connection);
    const end = subject.slice(subject.indexOf('.evt.'));
    connection.publish = (to, ...rest) => {
      if (to.endsWith(end)) sent += 1;
      publish(to, ...rest);
    };
    return { store: counting, sent: () => sent };
  }

  type Publish = (
    subject: string,
    payload?: Uint8Array | string,
    options?: { readonly headers?: { encode?(): Uint8Array } },
  ) => void;

  /** Publishes, and calls `lose` just before the first commit of a batch leaves. */
  function losingAt<P>(publish: P, lose: () => void): P {
    const inner = publish as Publish;
    let lost = false;
    const outer: Publish = (subject, payload, options) => {
      const headers = options?.headers?.encode?.();
      if (!lost && headers !== undefined && Buffer.from(headers).includes('Nats-Batch-Commit')) {
        lost = true;
        lose();
      }
      inner(subject, payload, options);
    };
    return outer as P;
  }
});
