import { randomBytes } from 'node:crypto';
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
  /** Starts a node that has ended again, on the same ports and store; waits for health when none is down any more. */
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
  const account = { user: 'node', password: randomBytes(16).toString('hex') };
  const routes = ports.map((port) => `nats://node:${account.password}@127.0.0.1:${port}`);
  const ended = new Set<EmbeddedNats>();
  const start = async (index: number, port: number): Promise<EmbeddedNats> => {
    const node = await startNats({
      dataDir: join(options.dataDir, `node-${index}`),
      configText: options.configText,
      serverName: `node-${index}`,
      port,
      cluster: { name: 'writ', port: ports[index] ?? 0, routes, account },
      ...(options.natsBinary === undefined ? {} : { natsBinary: options.natsBinary }),
    });
    void node.exited.then(() => ended.add(node));
    return node;
  };
  const started = await Promise.allSettled(indexes.map(async (index) => await start(index, 0)));
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> =>
    void (await Promise.all(nodes.map(async (node) => await node.stop())));
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await untilHealthy(nodes);
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
      // While others are down there may be no majority to wait for.
      if (!nodes.some((node) => ended.has(node))) await untilHealthy(nodes);
    },
    stop,
  };
}

/** Every node is healthy and the one that leads sees all the others: before that, streams find no place. */
async function untilHealthy(nodes: readonly EmbeddedNats[], timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const healthy = await Promise.all(nodes.map(isHealthy));
    const complete = await Promise.all(nodes.map(async (node) => await leads(node, nodes.length)));
    if (healthy.every(Boolean) && complete.some(Boolean)) return;
    await pause(25);
  }
  const logs = nodes.map((node) => `\`${node.logFile}\``).join(', ');
  throw new EmbeddedError(
    'SERVER_FAILED',
    `the cluster did not become healthy; its logs are ${logs}`,
  );
}

async function isHealthy(node: EmbeddedNats): Promise<boolean> {
  const answer = await fetch(`${node.monitorUrl}/healthz`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.status === 200;
}

type MetaReplica = { readonly current?: boolean; readonly offline?: boolean };
type MetaCluster = { readonly replicas?: readonly MetaReplica[] };

/** Only the leader of the meta group lists its replicas. */
async function leads(node: EmbeddedNats, size: number): Promise<boolean> {
  const answer = await fetch(`${node.monitorUrl}/jsz`).catch(() => undefined);
  const { meta_cluster: meta } = ((await answer?.json()) ?? {}) as { meta_cluster?: MetaCluster };
  const present = meta?.replicas?.filter(
    (replica) => replica.current === true && replica.offline !== true,
  );
  return present?.length === size - 1;
}
