import { randomUUID } from 'node:crypto';
import { connect as connectPlain } from '@nats-io/transport-node';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench } from './bench.fixture.ts';
import type { LoggedEvent } from './index.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.start();
});

afterAll(() => bench?.stop());

describe('events', () => {
  test('come as they are stored, in order, with their data', async () => {
    const { agentId, writ } = await bench.newWorker();
    const seen: LoggedEvent[] = [];
    const subscription = await writ.onEvent({ agentId }, (event) => void seen.push(event));
    for (const executionId of ['one', 'two', 'three'])
      await writ.reportExecution({
        agentId,
        executionId,
        action: 'read',
        resource: 'dataset:x',
        outcome: 'succeeded',
      });
    await eventually(() => seen.length === 3);
    expect(seen).toEqual((await bench.lifeOf(agentId)).slice(-3));
    await subscription.stop();
  });

  test('are told apart from acknowledgements that were steered to their subjects', async () => {
    const { agentId, apiKey, writ } = await bench.newWorker();
    const [container = '', name = ''] = agentId.split(':');
    const subject = `writ.default.evt.execution.facts.${container}.${name}`;
    const seen: LoggedEvent[] = [];
    const subscription = await writ.onEvent({ agentId }, (event) => void seen.push(event));
    const plain = await connectPlain({
      servers: bench.platform.connection.natsUrl,
      token: apiKey,
      inboxPrefix: `_INBOX.${writ.keyId}`,
    });
    plain.publish(`writ.default.inbox.${writ.keyId}.execution.report`, '{}', { reply: subject });
    await plain.drain();
    await writ.reportExecution({
      agentId,
      executionId: 'real',
      action: 'read',
      resource: 'dataset:x',
      outcome: 'succeeded',
    });
    await eventually(() => seen.length > 0);
    expect(seen.map(({ type }) => type)).toEqual(['ExecutionReported']);
    await subscription.stop();
  });

  test("of other agents are not for an agent's key", async () => {
    const { writ } = await bench.newWorker();
    for (const filter of [{}, { agentId: 'town:other' }])
      await expect(writ.onEvent(filter, () => undefined)).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
      });
  });

  test('stop when their handler throws, and the error is not lost', async () => {
    const { agentId, writ } = await bench.newWorker();
    const { done } = await writ.onEvent({ agentId }, () =>
      Promise.reject(new Error('a bug in the handler')),
    );
    const ended = expect(done).rejects.toThrow('a bug in the handler');
    await writ.reportExecution({
      agentId,
      executionId: 'e',
      action: 'read',
      resource: 'dataset:x',
      outcome: 'succeeded',
    });
    await ended;
  });

  test('end with OVERLOADED when their handler falls too far behind, instead of piling up', async () => {
    const { agentId, writ } = await bench.newWorker();
    const [container = '', name = ''] = agentId.split(':');
    const release = Promise.withResolvers<void>();
    const { done } = await writ.onEvent({ agentId }, () => release.promise);
    const ended = expect(done).rejects.toMatchObject({ code: 'OVERLOADED' });
    const report = (executionId: string) =>
      writ.reportExecution({
        agentId,
        executionId,
        action: 'read',
        resource: 'dataset:x',
        outcome: 'succeeded',
      });
    await report('first');
    const operator = await bench.platform.operator();
    const subject = `writ.default.evt.execution.facts.${container}.${name}`;
    for (let n = 0; n < 10_100; n++) operator.publish(subject);
    await operator.flush();
    // What the bus had sent before has come when the client has this answer.
    await report('last');
    release.resolve();
    await ended;
    await operator.close();
  });

  test('are read back from the log over several pages, filtered', async () => {
    const correlationId = randomUUID();
    const busy = await bench.newWorker({ correlationId });
    const report = (executionId: string) =>
      busy.writ.reportExecution({
        agentId: busy.agentId,
        executionId,
        action: 'read',
        resource: 'dataset:x',
        outcome: 'succeeded',
      });
    for (let batch = 0; batch < 5; batch++)
      await Promise.all(Array.from({ length: 50 }, (_, i) => report(`e-${batch}-${i}`)));
    const types = { agentId: busy.agentId, types: ['ExecutionReported'] } as const;
    expect(await count(busy.writ.history(types))).toBe(250);
    expect(await count(bench.admin.history({ correlationId }))).toBe(251);
    expect(await count(bench.admin.history({ ...types, correlationId: randomUUID() }))).toBe(0);
    const [first] = (await bench.lifeOf(busy.agentId)).slice(-10);
    expect(await count(bench.admin.history({ ...types, from: first?.seq ?? 0 }))).toBe(10);
    expect(await count(bench.admin.history({ ...types, until: new Date(0) }))).toBe(0);
  });

  async function count(events: AsyncIterable<unknown>): Promise<number> {
    let found = 0;
    for await (const _ of events) found++;
    return found;
  }
});

describe('a connection', () => {
  test('of a revoked key says so, and its calls are UNAUTHENTICATED', async () => {
    const states: string[] = [];
    const { writ, agentId } = await bench.newWorker({
      timeoutMs: 1_000,
      retries: 0,
      onStatus: ({ state }) => states.push(state),
    });
    await bench.admin.revokeKey(writ.keyId);
    await eventually(() => states.includes('refused'));
    await expect(writ.checkPermission(agentId, 'read', 'dataset:x')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await writ.close();
    await eventually(() => states.includes('closed'));
  });

  test('that was closed takes no more calls', async () => {
    const { writ, agentId } = await bench.newWorker();
    await writ.close();
    await writ.close();
    await expect(writ.checkPermission(agentId, 'read', 'dataset:x')).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
  });

  test('comes back after the bus did, and so do its subscriptions', async () => {
    const { writ, agentId, granted } = await bench.newWorker({ retries: 100 });
    const seen: number[] = [];
    const subscription = await writ.onEvent({ agentId }, ({ seq }) => void seen.push(seq));
    process.kill((await bench.platform.serverPids())['nats-server'] ?? 0, 'SIGKILL');
    const reply = await writ.reportExecution({
      agentId,
      executionId: 'after',
      action: 'read',
      resource: 'dataset:x',
      outcome: 'succeeded',
    });
    expect(reply.seq).toBeGreaterThan(granted.seq);
    await eventually(
      async () => {
        const { seq } = await writ.reportExecution({
          agentId,
          executionId: randomUUID(),
          action: 'read',
          resource: 'dataset:x',
          outcome: 'succeeded',
        });
        return eventually(() => seen.includes(seq), { withinMs: 2_000 });
      },
      { withinMs: 60_000 },
    );
    await subscription.stop();
  });
});
