import { connectAs, type EventStore, openEventStore } from '@writ/bus';
import { eventually, freeze, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, grants, reasonOf, write } from './events.ts';

const NODES = [0, 1, 2];
const PATIENT = { withinMs: 60_000 };
/** An election takes longer than an append waits by itself. */
const PATIENT_APPENDS = { appendTimeoutMs: 60_000 };

let bus: TestBus;
let left: EventStore;
let right: EventStore;
let count = 0;
const fresh = () => `c${++count}`;

beforeAll(async () => {
  bus = await startTestBus({ nodes: 3 });
  [left, right] = await Promise.all([bus.store(), bus.store()]);
});
afterAll(() => bus.stop());

async function stored(subject: string): Promise<string[]> {
  const { events } = await eventually(() => left.load(subject), PATIENT);
  return events.map(reasonOf);
}

describe('on three nodes', () => {
  test('exactly one of two who append at the same instant wins: single against single', async () => {
    for (let round = 0; round < 50; round++) {
      const subject = agent(fresh());
      const results = await Promise.allSettled([
        left.append([write(subject, 0, 'l')]),
        right.append([write(subject, 0, 'r')]),
      ]);
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ code: 'VERSION_CONFLICT' });
      expect(await stored(subject)).toHaveLength(1);
    }
  });

  test('exactly one of two wins: a batch against a single, and a batch against a batch', async () => {
    for (let round = 0; round < 50; round++) {
      const name = fresh();
      const batch = [write(agent(name), 0, 'l', 'l'), write(grants(name), 0, 'l')];
      const against =
        round % 2 === 0
          ? [write(grants(name), 0, 'r')]
          : [write(grants(name), 0, 'r'), write(agent(name), 0, 'r')];
      const results = await Promise.allSettled([left.append(batch), right.append(against)]);
      const seen = [...(await stored(agent(name))), ...(await stored(grants(name)))].join('');
      const won = results.map((result) => result.status === 'fulfilled');
      expect(won.filter(Boolean).length).toBeLessThanOrEqual(1);
      expect(seen).toBe(
        won[0] === true ? 'lll' : won[1] === true ? 'r'.repeat(against.length) : '',
      );
    }
    const { firstSeq, lastSeq, messages } = await left.status();
    expect(messages).toBe(lastSeq - firstSeq + 1);
  });

  test.each([0, 1])('a batch stores nothing at all when aggregate %i moved on', async (moved) => {
    const subjects = [agent(fresh()), agent(fresh())] as const;
    await left.append([write(subjects[moved] ?? '', 0, 'before')]);
    const promise = left.append(subjects.map((subject) => write(subject, 0, 'batch', 'batch')));
    await expect(promise).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    expect((await Promise.all(subjects.map(stored))).flat()).toEqual(['before']);
  });

  test('every append is settled by itself and stored once while the leader is killed under it', async () => {
    const leader = await leaderOf('EVENTS-1');
    const writers = startWriters(await bus.store('commander-store', PATIENT_APPENDS));
    await bus.kill(leader);
    await bus.restart(leader);
    await writers.done;
    await bus.settled();
    await writers.expectAll();
  });

  test('a leader that stands still and then goes on loses nothing and doubles nothing, and followers miss nothing', async () => {
    const leader = await leaderOf('EVENTS-1');
    const [other = ''] = bus.url.split(',').filter((_, node) => node !== leader);
    const connection = await connectAs(bus.secrets, 'commander-store', { servers: other });
    const store = openEventStore({ connection, ...bus.secrets, ...PATIENT_APPENDS });
    const follower = followAll(store);
    const writers = startWriters(store);
    const pid = bus.pids()[leader] ?? 0;
    await freeze(pid);
    try {
      await writers.done;
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await bus.settled();
    await writers.expectAll();
    await follower.expectAll();
    await connection.close();
  });

  test('three nodes that are killed at once come back with all that was acknowledged, and what was on its way is settled', async () => {
    const store = await bus.store('commander-store', PATIENT_APPENDS);
    const follower = followAll(store);
    const writers = startWriters(store);
    await Promise.all(NODES.map((node) => bus.kill(node)));
    await Promise.all(NODES.map((node) => bus.restart(node)));
    await writers.done;
    await bus.settled();
    await writers.expectAll();
    await follower.expectAll();
  });
});

/** Forty writers with five events each, one after the other. */
function startWriters(store: EventStore) {
  const names = Array.from({ length: 40 }, fresh);
  const reasons = ['e0', 'e1', 'e2', 'e3', 'e4'];
  const work = async (name: string): Promise<void> => {
    let lastSeq = 0;
    for (const reason of reasons)
      ({ lastSeq } = await store.append([write(agent(name), lastSeq, reason)]));
  };
  return {
    done: Promise.all(names.map(work)),
    async expectAll() {
      for (const name of names) expect(await stored(agent(name))).toEqual(reasons);
    },
  };
}

/** Follows from the start; every event must come once and in order. */
function followAll(store: EventStore) {
  const seqs: number[] = [];
  let idle = 0;
  const follower = store.follow({
    fromSeq: 1,
    onEvents: (batch) => void seqs.push(...batch.map((event) => event.seq)),
    onIdle: (lastSeq) => {
      idle = lastSeq;
    },
  });
  return {
    async expectAll() {
      const { lastSeq } = await eventually(() => left.status(), PATIENT);
      await eventually(() => idle >= lastSeq, PATIENT);
      await follower.stop();
      expect(seqs).toEqual(Array.from({ length: lastSeq }, (_, index) => index + 1));
    },
  };
}

/** The index of the node that leads a stream. */
async function leaderOf(stream: string): Promise<number> {
  const operator = await bus.connect('operator');
  const info = await eventually(() => operator.request(`$JS.API.STREAM.INFO.${stream}`));
  return Number(info.json<{ cluster: { leader: string } }>().cluster.leader.slice('node-'.length));
}
