/** A cell of its own to measure on: embedded servers in a temporary directory, roles in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  connectAs,
  type EventStore,
  generateSecrets,
  type NatsConnection,
  natsServerConfig,
  openEventStore,
  type Secrets,
  type UserName,
  writeSecrets,
} from '@writ/bus';
import { startNats, startPostgres } from '@writ/embedded';
import { migrate, openStore } from '@writ/readmodels';
import { type Load, startLoad } from './load.ts';
import { applyStreams, topology } from '@writ/streams';

export type RoleProcess = {
  readonly pid: number;
  /** Where it listens, for a role that says so. */
  readonly url: string;
  stop(): Promise<void>;
};

export type Stage = {
  readonly dataDir: string;
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly serverPids: { readonly nats: number; readonly postgres: number };
  /** What tells a process of the command line where all this is. */
  readonly environment: Readonly<Record<string, string>>;
  connect(user: UserName): Promise<NatsConnection>;
  store(): Promise<EventStore>;
  /** `writ run <role…>` in a process of its own, ready. */
  run(...roles: readonly string[]): Promise<RoleProcess>;
  /** A script of this package in a process of its own, which says `ready` when it is. */
  script(name: string, args: readonly string[]): Promise<RoleProcess>;
  /** A process that asks. */
  load(): Promise<Load>;
  stop(): Promise<void>;
};

/** The entry of the command line; benches start roles the way users do. */
export const cliEntry = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

const open = new Set<Stage>();

/** Ends whatever stages there are, as when a run is called off. */
export async function closeStages(): Promise<void> {
  await Promise.all([...open].map((stage) => stage.stop()));
}

/** Starts servers of their own; `sync` is as in `WRIT_SYNC`. */
export async function openStage({
  sync = 'interval',
}: {
  readonly sync?: 'interval' | 'always';
} = {}): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'writ-bench-'));
  const secrets = generateSecrets();
  await writeSecrets(join(dataDir, 'secrets.json'), secrets);
  const [nats, postgres] = await Promise.all([
    startNats({
      dataDir,
      configText: (place) => natsServerConfig(secrets, { ...place, syncAlways: sync === 'always' }),
    }),
    startPostgres({ dataDir }),
  ]);
  const connections: NatsConnection[] = [];
  const children: Pick<RoleProcess, 'stop'>[] = [];
  const connect = async (user: UserName): Promise<NatsConnection> => {
    const connection = await connectAs(secrets, user, { servers: nats.url, name: `bench-${user}` });
    connections.push(connection);
    return connection;
  };
  const environment = {
    WRIT_NATS_URL: nats.url,
    WRIT_DATABASE_URL: postgres.url,
    WRIT_DATA_DIR: dataDir,
    WRIT_HTTP_PORT: '0',
  };
  const start = async (
    args: readonly string[],
    isReady: (line: string) => boolean,
  ): Promise<RoleProcess> => {
    const child = await spawnReady(args, environment, isReady);
    children.push(child);
    return child;
  };
  await applyStreams(await connect('operator'), topology({ ingest: secrets.ingest, replicas: 1 }));
  const tables = openStore(postgres.url, { max: 1 });
  await migrate(tables).finally(() => tables.close());
  const stage: Stage = {
    dataDir,
    secrets,
    natsUrl: nats.url,
    databaseUrl: postgres.url,
    serverPids: { nats: nats.pid, postgres: postgres.pid },
    environment,
    connect,
    store: async () =>
      openEventStore({
        connection: await connect('commander-store'),
        cell: secrets.cell,
        ingest: secrets.ingest,
      }),
    run: (...roles) => start([cliEntry, 'run', ...roles], (line) => line.includes('"msg":"ready"')),
    script: (name, args) =>
      start([fileURLToPath(new URL(name, import.meta.url)), ...args], (line) => line === 'ready'),
    async load() {
      const load = await startLoad(join(dataDir, 'secrets.json'), nats.url);
      children.push(load);
      return load;
    },
    async stop() {
      if (!open.delete(stage)) return;
      await Promise.all(children.map((child) => child.stop()));
      await Promise.all(connections.map((connection) => connection.close()));
      await Promise.all([nats.stop(), postgres.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  open.add(stage);
  return stage;
}

async function spawnReady(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  isReady: (line: string) => boolean,
): Promise<RoleProcess> {
  const child = spawn(process.execPath, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
  });
  const exited = once(child, 'exit');
  let said = '';
  let url = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4000);
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      url ||= /"url":"([^"]+)"/.exec(line)?.[1] ?? '';
      if (isReady(line)) resolve();
      else said = `${said}${line}\n`.slice(-4000);
    });
    child.once('exit', (code) =>
      reject(new Error(`\`${args.slice(1).join(' ')}\` ended with ${code}: ${said}`)),
    );
  });
  return { pid: child.pid ?? 0, url, stop: () => end(child, exited) };
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await exited;
}
