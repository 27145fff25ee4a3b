/** A real nats-server (or a cluster of three) of a cell of its own, on free ports, with the declared streams. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAs,
  type EventStore,
  type EventStoreOptions,
  generateSecrets,
  type NatsConnection,
  natsServerConfig,
  openEventStore,
  type Secrets,
  type UserName,
} from '@writ/bus';
import { type EmbeddedNats, startNats, startNatsCluster } from '@writ/embedded';
import { testBackend } from './backend.ts';
import { eventually } from './eventually.ts';
import { applyStreams, type Topology, topology, type TopologyOptions } from '@writ/streams';

export type TestBusOptions = {
  /** 1, or 3 for a cluster whose streams have three copies. */
  readonly nodes?: 1 | 3;
  readonly syncAlways?: boolean;
  readonly maxBytes?: TopologyOptions['maxBytes'];
};

export type TestBus = {
  readonly secrets: Secrets;
  /** Where the servers keep their streams. */
  readonly dataDir: string;
  /** The addresses of all nodes, separated by commas. */
  readonly url: string;
  readonly topology: Topology;
  /** The running servers' process ids, in the order of the nodes. */
  pids(): number[];
  /** A connection that is closed with the bus. */
  connect(user: UserName): Promise<NatsConnection>;
  /** The log on a new connection of this user, `commander-store` when left out. */
  store(user?: UserName, options?: Partial<EventStoreOptions>): Promise<EventStore>;
  /** Ends a node as a crash would, and waits until it is gone. */
  kill(node?: number): Promise<void>;
  /** Starts a node that was killed again, on its ports and store. */
  restart(node?: number): Promise<void>;
  /** Comes back when every stream has a leader and all of its copies, as before a node was killed. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};

type Servers = {
  nodes(): readonly EmbeddedNats[];
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
};

/** A server that is there may still be slower than a connection waits for it. */
const PATIENT = { withinMs: 30_000, everyMs: 100 };
/** What a request waits for its reply where it does not say; the client's own second is soon over. */
const REPLY_MS = 5000;

/** Starts the bus; ends with `stop`, which also closes every connection it gave. */
export async function startTestBus(options: TestBusOptions = {}): Promise<TestBus> {
  const secrets = generateSecrets();
  const dataDir = await mkdtemp(join(tmpdir(), 'writ-test-nats-'));
  const servers = await startServers(secrets, dataDir, options);
  const url = servers
    .nodes()
    .map((node) => node.url)
    .join(',');
  const open: NatsConnection[] = [];
  const connect = async (user: UserName) => {
    const connection = await eventually(() => connectAs(secrets, user, { servers: url }), PATIENT);
    open.push(connection);
    const request = connection.request.bind(connection);
    connection.request = (subject, payload, options = { timeout: REPLY_MS }) =>
      request(subject, payload, options);
    return connection;
  };
  const declared = topology({
    ingest: secrets.ingest,
    replicas: options.nodes ?? 1,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  });
  const stop = async () => {
    await Promise.all(open.map((connection) => connection.close().catch(() => undefined)));
    await servers.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await applyStreams(await connect('operator'), declared);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    secrets,
    dataDir,
    url,
    topology: declared,
    pids: () => servers.nodes().map((node) => node.pid),
    connect,
    store: async (user = 'commander-store', more = {}) =>
      openEventStore({
        connection: await connect(user),
        cell: secrets.cell,
        ingest: secrets.ingest,
        ...more,
      }),
    kill: async (node = 0) => {
      const server = servers.nodes()[node];
      if (server === undefined) throw new RangeError(`there is no node ${node}`);
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    restart: (node = 0) => servers.restart(node),
    settled: async () => {
      const operator = await connect('operator');
      await eventually(() => haveAllCopies(operator), { ...PATIENT, withinMs: 60_000 });
      await operator.close();
    },
    stop,
  };
}

type StreamInfo = {
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
  };
};

/** Throws while a stream does not answer; a single node says nothing of copies. */
async function haveAllCopies(operator: NatsConnection): Promise<boolean> {
  const { streams } = (await operator.request('$JS.API.STREAM.NAMES')).json<{
    readonly streams: readonly string[];
  }>();
  const infos = await Promise.all(
    streams.map((name) => operator.request(`$JS.API.STREAM.INFO.${name}`)),
  );
  return infos.every((info) => {
    const { cluster } = info.json<StreamInfo>();
    if (cluster?.replicas === undefined) return true;
    return Boolean(cluster.leader) && cluster.replicas.every((one) => one.current && !one.offline);
  });
}

async function startServers(
  secrets: Secrets,
  dataDir: string,
  options: TestBusOptions,
): Promise<Servers> {
  const syncAlways = options.syncAlways ?? false;
  const configText = (place: Parameters<Parameters<typeof startNats>[0]['configText']>[0]) =>
    natsServerConfig(secrets, { ...place, syncAlways });
  const { natsBinary } = testBackend();
  const binary = natsBinary === undefined ? {} : { natsBinary };
  if (options.nodes === 3)
    return await startNatsCluster({ dataDir, configText, size: 3, ...binary });
  let server = await startNats({ dataDir, configText, ...binary });
  return {
    nodes: () => [server],
    restart: async () => {
      server = await startNats({ dataDir, configText, port: server.port, ...binary });
    },
    stop: () => server.stop(),
  };
}
