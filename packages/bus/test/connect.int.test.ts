import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { connectAs } from '@writ/bus';
import { startTestBus } from '@writ/testkit';
import { expect, onTestFinished, test } from 'vitest';

test('a first connection that nobody greets in time is tried again', async () => {
  const bus = await startTestBus();
  onTestFinished(() => bus.stop());
  const clients: Socket[] = [];
  const busy = createServer((client) => {
    client.on('error', () => undefined);
    // The first one hears nothing.
    if (clients.push(client) === 1) return;
    const upstream = connect(Number(new URL(bus.url).port), '127.0.0.1');
    upstream.on('error', () => undefined);
    client.pipe(upstream).pipe(client);
  });
  busy.listen(0, '127.0.0.1');
  await once(busy, 'listening');
  onTestFinished(() => {
    busy.close();
    for (const client of clients) client.destroy();
  });
  const { port } = busy.address() as AddressInfo;
  const connection = await connectAs(bus.secrets, 'operator', {
    servers: `nats://127.0.0.1:${port}`,
  });
  await connection.flush();
  expect(clients.length).toBeGreaterThan(1);
  await connection.close();
});
