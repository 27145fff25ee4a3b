import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedError } from './embedded-error.ts';
import { freePort } from './free-port.ts';
import { startNats, type EmbeddedNats, type NatsOptions } from './nats.ts';

export type NatsClusterOptions = Pick<NatsOptions, 'dataDir' | 'configText' | 'natsBinary'> & {
  readonly size: number;
};

export type NatsCluster = {
  /** The nodes as they run now; a node that was restarted has a new entry. */
  nodes(): readonly EmbeddedNats[];
  urls(): readonly string[];
  /** Starts a node that has ended again, on the same ports and store. */
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a cluster on the loopback address and waits until every node reports itself healthy. */
export async function startNatsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (thrown) {
      const lostRace = thrown instanceof EmbeddedError && thrown.code === 'PORT_TAKEN';
      if (!lostRace || attempt === 5) throw thrown;
    }
  }
}

async function startOnce(options: NatsClusterOptions): Promise<NatsCluster> {
  const indexes = Array.from({ length: options.size }, (_, index) => index);
  const ports = await Promise.all(indexes.map(async () => await freePort()));
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
  const start = async (index: number, port: number): Promise<EmbeddedNats> =>
    await startNats({
      dataDir: join(options.dataDir, `node-${index}`),
      configText: options.configText,
      serverName: `node-${index}`,
      port,
      cluster: { name: 'writ', port: ports[index] ?? 0, routes },
      ...(options.natsBinary === undefined ? {} : { natsBinary: options.natsBinary }),
    });
  const started = await Promise.allSettled(indexes.map(async (index) => await start(index, 0)));
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> =>
    void (await Promise.all(nodes.map(async (node) => await node.stop())));
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await Promise.all(nodes.map(async (node) => await untilHealthy(node)));
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    nodes: () => [...nodes],
    urls: () => nodes.map((node) => node.url),
    restart: async (index) => {
      const old = nodes[index];
      if (old === undefined) throw new RangeError(`there is no node ${index}`);
      nodes[index] = await start(index, old.port);
      await untilHealthy(nodes[index]);
    },
    stop,
  };
}

async function untilHealthy(node: EmbeddedNats, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const answer = await fetch(`${node.monitorUrl}/healthz`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await pause(25);
  }
  throw new EmbeddedError(
    'SERVER_FAILED',
    `a node of the cluster did not become healthy; its log is \`${node.logFile}\``,
  );
}
