import { type EventStore, type Follower, type NatsConnection, openEventStore } from '@writ/bus';
import { eventually, freeze, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, write } from './events.ts';

let bus: TestBus;
let connection: NatsConnection;
let store: EventStore;
let head = 0;

beforeAll(async () => {
  bus = await startTestBus({ nodes: 3 });
  connection = await bus.connect('commander-store');
  store = openEventStore({ connection, ...bus.secrets });
});
afterAll(() => bus.stop());

/** Appends so many events to the one aggregate of this file; returns the log's end. */
async function grow(count: number): Promise<number> {
  for (let n = 0; n < count; n++)
    head = (await store.append([write(agent('only'), head, 'grown')])).lastSeq;
  return head;
}

/** The process of a node that neither leads the log nor serves this file's connection. */
async function bystander(): Promise<number> {
  const info = await (await bus.connect('operator')).request('$JS.API.STREAM.INFO.EVENTS-1');
  const { leader } = info.json<{ cluster: { leader: string } }>().cluster;
  const busy = [leader, connection.info?.server_name];
  return bus.pids().find((_, index) => !busy.includes(`node-${index}`)) ?? 0;
}

type Seen = { last: number; follower: Follower; passedOver: string[] };

/** Follows from behind a sequence, and notes every claim to be idle that is not true. */
function follow(from: number, filters?: readonly string[]): Seen {
  const passedOver: string[] = [];
  const seen: Seen = {
    last: from,
    passedOver,
    follower: store.follow({
      fromSeq: from + 1,
      ...(filters === undefined ? {} : { filters }),
      onEvents: (batch) => {
        for (const { seq } of batch) {
          if (seq !== seen.last + 1) passedOver.push(`${seq} came after ${seen.last}`);
          seen.last = seq;
        }
      },
      onIdle: (seq) => {
        if (seq !== seen.last) passedOver.push(`idle at ${seq} with ${seen.last} seen`);
      },
    }),
  };
  return seen;
}

describe('following on three nodes', () => {
  test('nothing is passed over by a consumer on a node that lags behind', {
    timeout: 180_000,
  }, async () => {
    for (let round = 0; round < 4; round++) {
      const from = await grow(10);
      const lagging = await bystander();
      await freeze(lagging);
      let end = 0;
      try {
        end = await grow(300);
      } finally {
        process.kill(lagging, 'SIGCONT');
      }
      const filters = ['writ.*.evt.registry.agent.>'];
      const followers = Array.from({ length: 12 }, (_, n) =>
        follow(from, n % 2 === 0 ? undefined : filters),
      );
      try {
        for (const seen of followers)
          await eventually(() => seen.last >= end, { withinMs: 60_000 });
        expect(followers.flatMap(({ passedOver }) => passedOver)).toEqual([]);
      } finally {
        await Promise.all(followers.map(({ follower }) => follower.stop()));
      }
    }
  });
});
