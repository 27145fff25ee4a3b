/** Everything in one process: servers, streams, tables, the admin key, the roles. */
import type { Logger, RunningRole } from '@writ/bus';
import { checksOf, type Config } from '../config.ts';
import { type Connection, removeConnection, writeConnection } from '../connection.ts';
import { CliFailure, exitCodes } from '../failure.ts';
import { VERSION } from '../version.ts';
import { takeDataDirectory } from './data-directory.ts';
import { type Holdings, openHoldings } from './holdings.ts';
import type { OpenLog } from './logger.ts';
import { checkPortIsFree, ensureSecrets, prepareLog, prepareTables } from './prepare.ts';
import { type RoleName, roleNames } from './role-names.ts';
import { loadRole, type RoleSurroundings } from './roles.ts';
import { stopRoles, untilReady } from './running-roles.ts';
import { startNatsServer, startPostgresServer } from './servers.ts';

export type PlatformOptions = {
  readonly config: Config;
  readonly fresh: boolean;
  /** Called once the data directory is ours. */
  readonly openLog: () => OpenLog;
  /** Calls the start off when aborted: it ends at its next step, and gives back what it holds. */
  readonly signal: AbortSignal;
  /** Takes what people should know meanwhile. */
  readonly tell: (text: string) => void;
  /** Told when a server was given up; the platform is to be stopped then. */
  readonly onBroken: (failure: CliFailure) => void;
};

export type Platform = {
  readonly connection: Connection;
  /** Whether the admin key was made by this start. */
  readonly keyMade: boolean;
  stop(): Promise<void>;
};

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { config } = options;
  const { WRIT_HTTP_HOST: host, WRIT_HTTP_PORT: port } = config.environment;
  const holdings = openHoldings();
  await holdings.hold(takeDataDirectory(config.dataDir, options), (directory) =>
    directory.release(),
  );
  const opened = options.openLog();
  holdings.keep(() => opened.close());
  const stop = async () => {
    removeConnection(config.dataDir);
    await holdings.release((error) =>
      opened.log.error({ err: error }, 'something did not stop cleanly'),
    );
  };
  try {
    removeConnection(config.dataDir);
    await checkPortIsFree(host, port);
    return { ...(await boot(options, opened, holdings)), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function boot(
  options: PlatformOptions,
  { log }: OpenLog,
  holdings: Holdings,
): Promise<Omit<Platform, 'stop'>> {
  const { config } = options;
  const { environment, dataDir } = config;
  log.info({ version: VERSION, dataDir }, 'starting');
  const secrets = await ensureSecrets(config);
  const room = { environment, dataDir, secrets, log, onGivenUp: options.onBroken };
  const [{ natsUrl, admin }, databaseUrl, starters] = await Promise.all([
    holdings
      .hold(startNatsServer(room), (server) => server.stop())
      .then(async ({ url }) => ({
        natsUrl: url,
        admin: await prepareLog(config, secrets, url),
      })),
    holdings
      .hold(startPostgresServer(room), (server) => server.stop())
      .then(async ({ url }) => {
        await prepareTables(url);
        return url;
      }),
    Promise.all(roleNames.map(async (name) => [name, await loadRole[name]()] as const)),
  ]);
  goOn(options.signal);
  const surroundings: ComposedSurroundings = {
    secrets,
    natsUrl,
    databaseUrl,
    tenant: environment.WRIT_TENANT,
    version: VERSION,
    http: {
      host: environment.WRIT_HTTP_HOST,
      port: environment.WRIT_HTTP_PORT,
      publicUrl: environment.WRIT_PUBLIC_URL,
    },
    checks: checksOf(environment),
    log,
  };
  const roles = await startAll(starters, surroundings, holdings);
  await untilReady(roles, options);
  goOn(options.signal);
  const connection: Connection = {
    natsUrl,
    httpUrl: httpUrlOf(roles),
    databaseUrl,
    adminKey: admin.apiKey,
    tenant: environment.WRIT_TENANT,
    pid: process.pid,
    roles: roles.map((role) => role.name),
  };
  writeConnection(dataDir, connection);
  log.info({ httpUrl: connection.httpUrl, natsUrl }, 'ready');
  return { connection, keyMade: admin.made };
}

type Starter = readonly [RoleName, (surroundings: RoleSurroundings) => Promise<RunningRole>];

type ParentLog = Logger & { child(fields: object): Logger };
export type ComposedSurroundings = Omit<RoleSurroundings, 'log'> & { readonly log: ParentLog };

/** Starts the roles side by side; those that started are stopped in order whatever became of the others. */
export async function startAll(
  starters: readonly Starter[],
  { log, ...surroundings }: ComposedSurroundings,
  holdings: Holdings,
): Promise<readonly RunningRole[]> {
  const starts = starters.map(async ([name, start]) =>
    start({ ...surroundings, log: log.child({ role: name }) }),
  );
  holdings.keep(async () => {
    const settled = await Promise.allSettled(starts);
    await stopRoles(
      settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      log,
    );
  });
  return Promise.all(starts);
}

function httpUrlOf(roles: readonly RunningRole[]): string {
  const api = roles.find((role) => role.name === 'api');
  return api !== undefined && 'url' in api && typeof api.url === 'string' ? api.url : '';
}

function goOn(signal: AbortSignal): void {
  if (signal.aborted)
    throw new CliFailure(exitCodes.unreachable, 'the start was called off', { code: 'CALLED_OFF' });
}
