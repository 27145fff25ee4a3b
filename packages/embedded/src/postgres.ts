import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EmbeddedError, fileProblem } from './embedded-error.ts';
import { freePort } from './free-port.ts';
import { launch, untilReady, type Exit, type LaunchedServer } from './launch.ts';
import { postgresAccount, type Account } from './postgres-account.ts';
import { postgresPrograms, type PostgresPrograms } from './postgres-binary.ts';
import { postgresCredentials } from './postgres-credentials.ts';
import { databaseAnswers, ensureDatabase } from './postgres-database.ts';
import { postgresHome } from './postgres-home.ts';
import { initialise } from './postgres-init.ts';

export type PostgresOptions = {
  /** Where the passwords, the logs and (where possible) the database files are kept. */
  readonly dataDir: string;
  /** A fixed port of the loopback address; any free one when absent. */
  readonly port?: number;
  /** False gives up durability for speed: for tests only. */
  readonly fsync?: boolean;
};

export type EmbeddedPostgres = {
  /** The address of the database `writ` for the role `writ`, with its password. */
  readonly url: string;
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

type Installed = {
  readonly dataDir: string;
  readonly programs: PostgresPrograms;
  readonly account: Account | undefined;
  readonly data: string;
  readonly fsync: boolean;
};

/** SIGINT is Postgres' own orderly stop that does not wait for clients; SIGQUIT skips the checkpoint. */
const steps = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 3_000 },
] as const;

/** Starts Postgres on the loopback address and waits until the role `writ` reached its database by password. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const credentials = postgresCredentials(dataDir);
  const installed = await install(dataDir, options.fsync ?? true, credentials.superuser);
  const { server, port } = await listen(installed, options.port ?? 0);
  const url = `postgres://writ:${credentials.password}@127.0.0.1:${port}/writ`;
  try {
    await untilReady(server, () => statusOf(installed, server) === 'ready' || undefined);
    if (!(await databaseAnswers(url))) await ensureDatabase(port, credentials);
    if (!(await databaseAnswers(url))) throw server.failure();
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
  return {
    url,
    port,
    pid: server.pid,
    logFile: logFileOf(dataDir),
    exited: server.exited,
    problem: () => server.problem(),
    failure: () => server.failure(),
    stop: async () => await server.stop(),
  };
}

const logFileOf = (dataDir: string): string => join(dataDir, 'logs', 'postgres.log');

async function install(
  dataDir: string,
  fsync: boolean,
  superuserPassword: string,
): Promise<Installed> {
  const account = postgresAccount();
  const programs = postgresPrograms(dataDir, account);
  try {
    const home = postgresHome(dataDir, account);
    return {
      dataDir,
      programs,
      account,
      fsync,
      data: await initialise({ programs, home, account, superuserPassword, sync: fsync }),
    };
  } catch (thrown) {
    throw fileProblem(dataDir, thrown);
  }
}

/** Starts the server; a port that was picked as free and lost to somebody else is picked again. */
async function listen(
  installed: Installed,
  asked: number,
): Promise<{ server: LaunchedServer; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = asked === 0 ? await freePort() : asked;
    const server = await launchOn(installed, port);
    try {
      await untilReady(server, () => statusOf(installed, server));
      return { server, port };
    } catch (thrown) {
      const lostRace =
        thrown instanceof EmbeddedError && thrown.code === 'PORT_TAKEN' && asked === 0;
      if (!lostRace || attempt === 5) throw thrown;
    }
  }
}

async function launchOn(installed: Installed, port: number): Promise<LaunchedServer> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Statements may hold personal data: the log gets the errors, not the statements.
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    io_method: 'sync',
    jit: 'off',
    ...(installed.fsync
      ? {}
      : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  return await launch({
    name: 'postgres',
    dataDir: installed.dataDir,
    command: installed.programs.postgres,
    args: [
      '-D',
      installed.data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    outputFile: logFileOf(installed.dataDir),
    steps,
    spawn: { cwd: installed.data, env: {}, ...installed.account },
  });
}

/** The server's own word on its state, in a file it rewrites; only of the process that we started. */
function statusOf(installed: Installed, server: LaunchedServer): string | undefined {
  const file = join(installed.data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return Number(lines[0]) === server.pid ? lines[7]?.trim() : undefined;
}
