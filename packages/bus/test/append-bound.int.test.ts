import type { EventStore, NatsConnection } from '@writ/bus';
import { rollLog } from '@writ/streams';
import { freeze, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, write } from './events.ts';

/** Less than what a single question waits for its answer by itself, and much more than the append may take. */
const LONG_MS = 1800;

describe('an append fails within its bound when the server says nothing any more', () => {
  let bus: TestBus;
  let operator: NatsConnection;
  let impatient: EventStore;

  beforeAll(async () => {
    bus = await startTestBus();
    operator = await bus.connect('operator');
    impatient = await bus.store('commander-store', { appendTimeoutMs: 500 });
    await impatient.append([write(agent('one'), 0, 'one')]);
    await rollLog(operator, bus.topology);
    await impatient.lastSequence(agent('one'));
    await impatient.append([write(agent('two'), 0, 'two')]);
  }, 60_000);
  afterAll(() => bus.stop());

  /** What comes first of a stopped server: the end of the append, or that of a long time. */
  async function firstOf(append: Promise<unknown>): Promise<unknown> {
    const long = operator.request('$JS.API.INFO', '', { timeout: LONG_MS }).then(
      () => 'the server answered',
      () => 'too late',
    );
    return await Promise.race([append.catch((error: unknown) => error), long]);
  }

  async function whileFrozen<T>(work: () => Promise<T>): Promise<T> {
    const [pid = 0] = bus.pids();
    await freeze(pid);
    try {
      return await work();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  test('also where an older segment has to be asked', async () => {
    const append = () => impatient.append([write(agent('three'), 0, 'lost')]);
    const first = await whileFrozen(() => firstOf(append()));
    expect(first).toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });

  test('also while the log is rolled over', async () => {
    const { stream } = impatient;
    const info = await operator.request(`$JS.API.STREAM.INFO.${stream}`);
    const { config } = info.json<{ config: object }>();
    const subjects = [`_writ.${bus.secrets.ingest}.closed.${impatient.segment}`];
    const closed = JSON.stringify({ ...config, subjects });
    await operator.request(`$JS.API.STREAM.UPDATE.${stream}`, closed);
    const append = impatient.append([write(agent('two'), 2, 'lost')]);
    // By then it has seen that the segment is closed, and asks again and again for the next one.
    for (let n = 0; n < 2; n++) await operator.request(`$JS.API.STREAM.INFO.${stream}`);
    const first = await whileFrozen(() => firstOf(append));
    expect(first).toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });
});
