import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agent, write } from './events.ts';

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus();
});
afterAll(() => bus?.stop());

test('one who stopped following hears nothing more, however early that was', async () => {
  const store = await bus.store();
  let last = (await store.append([write(agent('k1'), 0, 'first')])).lastSeq;
  const heard: string[] = [];
  for (let turns = 0; turns < 20; turns++) {
    const follower = store.follow({
      fromSeq: 1,
      onEvents: (batch) => void heard.push(...batch.map((event) => event.id)),
      onIdle: (seq) => void heard.push(`idle at ${seq}`),
    });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await follower.stop();
  }
  const seqs: number[] = [];
  const other = store.follow({
    fromSeq: 1,
    onEvents: (batch) => void seqs.push(...batch.map(({ seq }) => seq)),
  });
  for (let more = 0; more < 3; more++) {
    last = (await store.append([write(agent('k1'), last, 'more')])).lastSeq;
    await eventually(() => seqs.includes(last));
  }
  await other.stop();
  expect(heard).toEqual([]);
});
