import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { ConnectionLostError } from './connection-watch.ts';
import { request } from './request-mux.ts';

const INFO = '$JS.API.INFO';

/** Keeps the process from reading its sockets. */
function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

let bus: TestBus;
afterEach(() => bus.stop());

describe('a request', () => {
  test('gets a reply that arrived while the process did not run', async () => {
    bus = await startTestBus();
    const connection = await bus.connect('operator');
    await request(connection, INFO, '', { timeoutMs: 5000 });
    const reply = request(connection, INFO, '', { timeoutMs: 100 });
    await nextTurn();
    busy(400);
    expect((await reply).json()).toMatchObject({ type: expect.stringContaining('account_info') });
  });

  test('is refused at once while the server is away, also as the first of its connection', async () => {
    bus = await startTestBus();
    const connection = await bus.connect('operator');
    const away = once(AbortSignal.timeout(30_000), 'abort').then(() => 'waited in vain');
    const gone = (async () => {
      for await (const { type } of connection.status()) if (type === 'disconnect') return type;
      return 'closed';
    })();
    await bus.kill();
    expect(await Promise.race([gone, away])).toBe('disconnect');
    await expect(request(connection, INFO, '', { timeoutMs: 60_000 })).rejects.toThrow(
      ConnectionLostError,
    );
    await bus.restart();
    await eventually(() => request(connection, INFO, '', { timeoutMs: 5000 }), {
      withinMs: 30_000,
    });
  });
});
