/** NATS and Postgres of the platform: embedded and supervised, or those that the environment names. */
import type { Logger, Secrets } from '@writ/bus';
import type { Environment } from '@writ/contracts';
import type { CliFailure } from '../failure.ts';
import { superviseServer } from './supervised-server.ts';

export type RunningServer = {
  readonly url: string;
  readonly embedded: boolean;
  stop(): Promise<void>;
};

type Room = {
  readonly environment: Environment;
  readonly dataDir: string;
  readonly secrets: Secrets;
  readonly log: Logger;
  readonly onGivenUp: (failure: CliFailure) => void;
};

export async function startNatsServer(room: Room): Promise<RunningServer> {
  const { environment, secrets, dataDir, log, onGivenUp } = room;
  if (environment.WRIT_NATS_URL !== undefined) return external(environment.WRIT_NATS_URL);
  const [{ startNats }, { natsServerConfig }] = await Promise.all([
    import('@writ/embedded'),
    import('@writ/bus'),
  ]);
  const natsBinary = environment.WRIT_NATS_SERVER_BIN;
  const supervised = await superviseServer({
    name: 'nats-server',
    log,
    onGivenUp,
    start: (port) =>
      startNats({
        dataDir,
        serverName: `writ-${secrets.cell}`,
        configText: (place) =>
          natsServerConfig(secrets, { ...place, syncAlways: environment.WRIT_SYNC === 'always' }),
        ...(port === undefined ? {} : { port }),
        ...(natsBinary === undefined ? {} : { natsBinary }),
      }),
  });
  return { url: supervised.server().url, embedded: true, stop: () => supervised.stop() };
}

export async function startPostgresServer(room: Room): Promise<RunningServer> {
  const { environment, dataDir, log, onGivenUp } = room;
  if (environment.WRIT_DATABASE_URL !== undefined) return external(environment.WRIT_DATABASE_URL);
  const { startPostgres } = await import('@writ/embedded');
  const supervised = await superviseServer({
    name: 'postgres',
    log,
    onGivenUp,
    start: (port) => startPostgres({ dataDir, ...(port === undefined ? {} : { port }) }),
  });
  return { url: supervised.server().url, embedded: true, stop: () => supervised.stop() };
}

function external(url: string): RunningServer {
  return { url, embedded: false, stop: () => Promise.resolve() };
}
