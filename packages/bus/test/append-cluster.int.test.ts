import type { EventStore } from '@writ/bus';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, grants, reasonOf, write } from './events.ts';

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
  return (await left.load(subject)).events.map(reasonOf);
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

  test('every append is settled and stored once while the leader is killed under it', async () => {
    const leader = await leaderOf('EVENTS-1');
    const names = Array.from({ length: 40 }, fresh);
    const appended = names.map(async (name) => {
      let lastSeq = 0;
      for (let n = 0; n < 5; n++)
        lastSeq = await persist(left, agent(name), { lastSeq, reason: `e${n}` });
    });
    await bus.kill(leader);
    await bus.restart(leader);
    await Promise.all(appended);
    await bus.settled();
    for (const name of names)
      expect(await stored(agent(name))).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
  });

  test('a follower sees every event once and in order while the leader is killed', async () => {
    const seqs: number[] = [];
    let idle = 0;
    const follower = left.follow({
      fromSeq: 1,
      onEvents: (batch) => void seqs.push(...batch.map((event) => event.seq)),
      onIdle: (lastSeq) => {
        idle = lastSeq;
      },
    });
    const subject = agent(fresh());
    let lastSeq = 0;
    const leader = await leaderOf('EVENTS-1');
    for (let n = 0; n < 20; n++) {
      if (n === 10) await bus.kill(leader);
      lastSeq = await persist(right, subject, { lastSeq, reason: `f${n}` });
    }
    await bus.restart(leader);
    await eventually(() => idle >= lastSeq, { withinMs: 60_000 });
    await follower.stop();
    await bus.settled();
    expect(seqs).toEqual(Array.from({ length: lastSeq }, (_, index) => index + 1));
  });
});

/** The index of the node that leads a stream. */
async function leaderOf(stream: string): Promise<number> {
  const operator = await bus.connect('operator');
  const info = await eventually(() => operator.request(`$JS.API.STREAM.INFO.${stream}`));
  return Number(info.json<{ cluster: { leader: string } }>().cluster.leader.slice('node-'.length));
}

/** A leader's election takes longer than one append waits: what is unknown then is looked up, as a commander does. */
async function persist(
  store: EventStore,
  subject: string,
  { lastSeq, reason }: { lastSeq: number; reason: string },
): Promise<number> {
  for (let tries = 0; ; tries++) {
    try {
      return (await store.append([write(subject, lastSeq, reason)])).lastSeq;
    } catch (error) {
      if (tries === 5) throw error;
    }
    const now = await eventually(() => store.load(subject), { withinMs: 60_000 });
    if (now.events.at(-1) !== undefined && now.lastSeq > lastSeq) return now.lastSeq;
  }
}
