import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EmbeddedError, fileProblem } from './embedded-error.ts';
import { launch, untilReady, type Exit, type LaunchedServer } from './launch.ts';
import { natsMissing, natsProgram } from './nats-binary.ts';
import { readNatsInfo } from './nats-info.ts';

/** What the configuration text is made from; a port of -1 means any free one. */
export type NatsPlace = {
  readonly serverName: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly storeDir: string;
  readonly cluster?: {
    readonly name: string;
    readonly port: number;
    /** The addresses of all nodes, with the account below in them. */
    readonly routes: readonly string[];
    /** Who else may join: without it any program of the machine could, and would read and write everything. */
    readonly account: { readonly user: string; readonly password: string };
  };
};

export type NatsOptions = {
  /** Where the store, the configuration and the logs are kept. */
  readonly dataDir: string;
  /** The whole configuration for a place; logging and the ports file are added to it. */
  readonly configText: (place: NatsPlace) => string;
  /** A fixed port of the loopback address; any free one when absent. */
  readonly port?: number;
  readonly monitorPort?: number;
  /** The program to run instead of the one found. */
  readonly natsBinary?: string;
  readonly serverName?: string;
  readonly cluster?: NatsPlace['cluster'];
};

export type EmbeddedNats = {
  readonly url: string;
  readonly monitorUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the server has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  /** What the log says went wrong since the start (a full disk, for one). */
  problem(): EmbeddedError | undefined;
  /** Why the server ended by itself. */
  failure(): EmbeddedError;
  stop(): Promise<void>;
};

/** SIGTERM lets the server close its stores; what takes longer than 10 s is killed. */
const steps = [{ signal: 'SIGTERM', waitMs: 10_000 }] as const;

/** Starts nats-server on the loopback address and waits until it greets; throws one `EmbeddedError`. */
export async function startNats(options: NatsOptions): Promise<EmbeddedNats> {
  const dataDir = resolve(options.dataDir);
  const home = join(dataDir, 'nats');
  const logFile = join(dataDir, 'logs', 'nats.log');
  const configFile = writeConfig(options, home, logFile);
  const server = await launch({
    name: 'nats-server',
    dataDir,
    command: natsProgram(options.natsBinary),
    args: ['-c', configFile],
    outputFile: join(dataDir, 'logs', 'nats.out'),
    logFiles: [logFile],
    steps,
    spawn: { cwd: home },
  }).catch((thrown: unknown) => {
    const missing = thrown instanceof EmbeddedError && thrown.code === 'BINARY_MISSING';
    throw missing && options.natsBinary === undefined ? natsMissing(thrown) : thrown;
  });
  const ports = await untilReady(server, async () => await greets(home, server));
  return {
    url: `nats://127.0.0.1:${ports.client}`,
    monitorUrl: `http://127.0.0.1:${ports.monitor}`,
    port: ports.client,
    pid: server.pid,
    logFile,
    exited: server.exited,
    problem: () => server.problem(),
    failure: () => server.failure(),
    stop: async () => await server.stop(),
  };
}

function writeConfig(options: NatsOptions, home: string, logFile: string): string {
  const place: NatsPlace = {
    serverName: options.serverName ?? 'writ',
    port: options.port === undefined || options.port === 0 ? -1 : options.port,
    monitorPort:
      options.monitorPort === undefined || options.monitorPort === 0 ? -1 : options.monitorPort,
    storeDir: join(home, 'store'),
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  };
  const text = `${options.configText(place)}
log_file: ${JSON.stringify(logFile)}
logfile_size_limit: 16777216
logfile_max_num: 2
ports_file_dir: ${JSON.stringify(home)}
`;
  try {
    mkdirSync(place.storeDir, { recursive: true, mode: 0o700 });
    const file = join(home, 'nats.conf');
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  } catch (thrown) {
    throw fileProblem(home, thrown);
  }
}

/** The ports, once the server that we started (and no other) greets a client. */
async function greets(
  home: string,
  server: LaunchedServer,
): Promise<{ client: number; monitor: number } | undefined> {
  const file = join(home, `nats-server_${server.pid}.ports`);
  if (!existsSync(file)) return undefined;
  const listed = parsePorts(readFileSync(file, 'utf8'));
  if (listed === undefined) return undefined;
  return (await readNatsInfo(listed.client)) === undefined ? undefined : listed;
}

function parsePorts(text: string): { client: number; monitor: number } | undefined {
  try {
    const listed = JSON.parse(text) as { nats?: readonly string[]; monitoring?: readonly string[] };
    const client = Number(new URL(listed.nats?.[0] ?? '').port);
    return { client, monitor: Number(new URL(listed.monitoring?.[0] ?? 'http://x:0').port) };
  } catch {
    // The server is writing it right now.
    return undefined;
  }
}
