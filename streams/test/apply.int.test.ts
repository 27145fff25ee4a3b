import type { NatsConnection } from '@writ/bus';
import { applyStreams, checkStreams, planStreams, topology } from '@writ/streams';
import { startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

let bus: TestBus;
let operator: NatsConnection;

beforeAll(async () => {
  bus = await startTestBus();
  operator = await bus.connect('operator');
});
afterEach(async () => void (await applyStreams(operator, bus.topology)));
afterAll(() => bus.stop());

type Config = Record<string, unknown>;

async function configOf(stream: string): Promise<Config> {
  return (await operator.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ config: Config }>()
    .config;
}

/** Changes a stream behind the declaration's back. */
async function tamper(stream: string, change: Config): Promise<void> {
  const reply = await operator.request(
    `$JS.API.STREAM.UPDATE.${stream}`,
    JSON.stringify({ ...(await configOf(stream)), ...change }),
  );
  expect(reply.json<{ error?: unknown }>().error).toBeUndefined();
}

const stepOf = (plan: Awaited<ReturnType<typeof planStreams>>, target: string) =>
  plan.steps.find((step) => step.target === target);

describe('streams on a real server', () => {
  test('that were applied are in agreement, and applying again changes nothing', async () => {
    const before = await configOf('EVENTS-1');
    expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
    expect(
      (await applyStreams(operator, bus.topology)).steps.every((step) => step.action === 'none'),
    ).toBe(true);
    expect(await configOf('EVENTS-1')).toEqual(before);
  });

  test('that drifted are found by the check and mended by applying', async () => {
    await tamper('OPS', { max_msgs_per_subject: 5, description: 'mine now' });
    const { ok, plan } = await checkStreams(operator, bus.topology);
    expect(ok).toBe(false);
    expect(
      stepOf(plan, 'OPS')
        ?.changes.map((change) => change.path)
        .sort(),
    ).toEqual(['description', 'max_msgs_per_subject']);
    await applyStreams(operator, bus.topology);
    expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
    expect(await configOf('OPS')).toMatchObject({ max_msgs_per_subject: -1 });
  });

  test('that are missing are made again, with their consumer', async () => {
    await operator.request('$JS.API.STREAM.DELETE.INBOX');
    const plan = await planStreams(operator, bus.topology);
    expect([stepOf(plan, 'INBOX')?.action, stepOf(plan, 'INBOX/commander')?.action]).toEqual([
      'create',
      'create',
    ]);
    await applyStreams(operator, bus.topology);
    expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
  });

  test('are left as they are where a change could lose data, and the rest is applied', async () => {
    await tamper('OPS', { description: 'mine now' });
    const other = topology({ ingest: 'cd'.repeat(16), replicas: 1 });
    const before = await configOf('EVENTS-1');
    const plan = await applyStreams(operator, {
      ...other,
      streams: [
        ...other.streams.filter((one) => one.name !== 'OPS'),
        ...bus.topology.streams.filter((one) => one.name === 'OPS'),
      ],
    });
    expect(stepOf(plan, 'EVENTS-1')).toMatchObject({
      action: 'refuse',
      reason: expect.stringContaining('would not be stored any more'),
    });
    expect(stepOf(plan, 'OPS')?.action).toBe('update');
    expect(await configOf('EVENTS-1')).toEqual(before);
    expect((await checkStreams(operator, bus.topology)).ok).toBe(true);
  });

  test('never show the ingest secret in a plan', async () => {
    const secret = 'cd'.repeat(16);
    const plan = JSON.stringify(
      await planStreams(operator, topology({ ingest: secret, replicas: 1 })),
    );
    expect(plan).not.toContain(secret);
    expect(plan).not.toContain(bus.secrets.ingest);
    expect(plan).toContain('_writ.<ingest>');
    expect(plan).toContain('_writ.<another ingest>');
  });

  test('are seen by an operator only: a role is refused', async () => {
    const role = await bus.connect('commander-store');
    await expect(role.request('$JS.API.STREAM.DELETE.EVENTS-1')).rejects.toThrow(/[Pp]ermission/);
    await expect(role.request('$JS.API.STREAM.UPDATE.EVENTS-1', '{}')).rejects.toThrow(
      /[Pp]ermission/,
    );
    await expect(role.request('$JS.API.STREAM.PURGE.INBOX')).rejects.toThrow(/[Pp]ermission/);
    await expect(role.request('$JS.API.STREAM.MSG.DELETE.OPS', '{"seq":1}')).rejects.toThrow(
      /[Pp]ermission/,
    );
  });
});

describe('the log’s own protection', () => {
  test('refuses deletes and purges even to the operator', async () => {
    const store = await bus.store();
    await operator.request(`_writ.${bus.secrets.ingest}.default.evt.registry.agent._.x`, '{}');
    for (const stream of ['EVENTS-1', 'DECISIONS', 'INBOX', 'OPS']) {
      const purge = await operator.request(`$JS.API.STREAM.PURGE.${stream}`);
      expect(purge.json<{ error?: { code: number } }>().error).toBeDefined();
      const remove = await operator.request(`$JS.API.STREAM.MSG.DELETE.${stream}`, '{"seq":1}');
      expect(remove.json<{ error?: { code: number } }>().error).toBeDefined();
    }
    expect((await store.status()).messages).toBe(1);
  });

  test.each([
    'STREAM.PURGE.INBOX',
    'STREAM.DELETE.INBOX',
    'CONSUMER.DELETE.INBOX.commander',
    'STREAM.PURGE.OPS',
  ])('outlives an INBOX publish whose acknowledgement is addressed to $JS.API.%s', async (api) => {
    operator.publish('writ.default.inbox.tester00001.a.b', '{}', { reply: `$JS.API.${api}` });
    await operator.flush();
    const ack = await operator.request('writ.default.inbox.tester00001.a.b', '{}');
    expect(ack.json<{ error?: unknown }>().error).toBeUndefined();
    const pending = async () => {
      const info = await operator.request('$JS.API.CONSUMER.INFO.INBOX.commander');
      return info.json<{ num_pending?: number }>().num_pending;
    };
    // A consumer counts what was stored a moment later.
    await expect.poll(pending, { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
  });

  test('shows a plain subscriber what was committed, with its sequence, and nothing that was refused', async () => {
    const store = await bus.store();
    const seen: (string | undefined)[] = [];
    const watcher = await bus.connect('api-store');
    watcher.subscribe('writ.default.evt.>', {
      callback: (_error, message) => void seen.push(message.headers?.get('Nats-Sequence')),
    });
    await watcher.flush();
    const event = {
      type: 'AgentSuspended' as const,
      data: { agentId: 'a', reason: null },
      id: 'e1',
      timeMs: 1,
      version: 1,
      tenant: 'default',
      actor: { type: 'system' as const, id: 'test' },
      aggregate: 'agent/a',
    };
    const write = {
      subject: 'writ.default.evt.registry.agent._.a',
      expectedLastSeq: 0,
      events: [event],
    };
    const { lastSeq } = await store.append([write]);
    await expect(store.append([write])).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    const second = await store.append([
      { ...write, expectedLastSeq: lastSeq, events: [{ ...event, id: 'e2' }] },
    ]);
    await expect.poll(() => seen).toEqual([String(lastSeq), String(second.lastSeq)]);
  });
});
