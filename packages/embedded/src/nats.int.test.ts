import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bareConfig, emptyDirectory, isRunning } from './embedded.testkit.ts';
import { startNats, type EmbeddedNats, type NatsOptions } from './nats.ts';
import { startNatsCluster } from './nats-cluster.ts';

const start = async (dataDir: string, more: Partial<NatsOptions> = {}): Promise<EmbeddedNats> => {
  const server = await startNats({ dataDir, configText: bareConfig, ...more });
  onTestFinished(async () => await server.stop());
  return server;
};
const refusal = async (dataDir: string, more: Partial<NatsOptions>): Promise<unknown> =>
  await start(dataDir, more).catch((thrown: unknown) => thrown);

describe('the embedded nats-server', () => {
  test('keeps its streams across a restart and ends when told', async () => {
    const folder = emptyDirectory();
    const first = await start(folder);
    const connection = await connect({ servers: first.url });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'KEPT', subjects: ['kept'] });
    await jetstream(connection).publish('kept', 'hello');
    await connection.close();
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(isRunning(first.pid)).toBe(false);

    const second = await start(folder);
    const again = await connect({ servers: second.url });
    const info = await (await jetstreamManager(again)).streams.info('KEPT');
    expect(info.state.messages).toBe(1);
    await again.close();
  });

  test('starts twice at once in two directories', async () => {
    const [one, two] = await Promise.all([start(emptyDirectory()), start(emptyDirectory())]);
    expect(one.port).not.toBe(two.port);
    expect((await fetch(`${two.monitorUrl}/healthz`)).status).toBe(200);
  });

  test('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    onTestFinished(() => void other.close());
    const port = Number((other.address() as { port: number }).port);
    expect(await refusal(emptyDirectory(), { port })).toMatchObject({ code: 'PORT_TAKEN' });
  });

  test('says how to get a binary when the one named is missing', async () => {
    const refused = await refusal(emptyDirectory(), { natsBinary: '/nowhere/nats-server' });
    expect(refused).toMatchObject({ code: 'BINARY_MISSING' });
    expect(String(refused)).toMatch(/`\/nowhere\/nats-server` is not a program.*WRIT_NATS_URL/);
  });

  test('that does not like its configuration fails with its own words', async () => {
    const refused = await refusal(emptyDirectory(), { configText: () => 'listen: {' });
    expect(refused).toMatchObject({ code: 'SERVER_FAILED' });
  });

  test('reports a store that cannot be written', async () => {
    const folder = emptyDirectory();
    const inTheWay = join(folder, 'file');
    writeFileSync(inTheWay, '');
    const refused = await refusal(folder, {
      configText: (place) => bareConfig({ ...place, storeDir: join(inTheWay, 'store') }),
    });
    expect(refused).toMatchObject({ code: 'DATA_UNREADABLE' });
  });

  test('that is killed settles `exited` and leaves its log', async () => {
    const server = await start(emptyDirectory());
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(server.failure()).toMatchObject({ code: 'SERVER_FAILED' });
    expect(readFileSync(server.logFile, 'utf8')).toContain('Server is ready');
  });
});

/** What a cluster says to a node that nobody invited. */
async function strangerJoins(port: number, account: object): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  const node = { verbose: false, cluster: 'writ', name: 'stranger', server_id: 'stranger' };
  socket.write(`CONNECT ${JSON.stringify({ ...node, ...account })}\r\nPING\r\n`);
  return await text(socket);
}

test('a cluster of three takes nobody without its password, goes on without one node and takes it back', async () => {
  const ports: number[] = [];
  const cluster = await startNatsCluster({
    dataDir: emptyDirectory(),
    configText(place) {
      ports.push(place.cluster?.port ?? 0);
      return bareConfig(place);
    },
    size: 3,
  });
  onTestFinished(async () => await cluster.stop());
  for (const account of [{}, { user: 'node', pass: 'guessed' }])
    expect(await strangerJoins(ports[0] ?? 0, account)).toContain('Authorization Violation');
  const connection = await connect({ servers: [...cluster.urls()] });
  onTestFinished(async () => await connection.close());
  await (await jetstreamManager(connection)).streams.add({
    name: 'KEPT',
    subjects: ['kept'],
    num_replicas: 3,
  });
  const [, , third] = cluster.nodes();
  process.kill(third?.pid ?? 0, 'SIGKILL');
  await third?.exited;
  const publish = async (): Promise<number> =>
    (await jetstream(connection, { timeout: 2_000 }).publish('kept', 'hello', { retries: 20 })).seq;
  expect(await publish()).toBe(1);
  await cluster.restart(2);
  expect(cluster.nodes()[2]?.port).toBe(third?.port);
  expect(await publish()).toBe(2);
});
