/** How this process reaches the cell's servers as one of its roles: the environment first, then what runs here. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection, Secrets, UserName } from '@writ/bus';
import type { Store } from '@writ/readmodels';
import type { Config } from '../config.ts';
import type { Connection } from '../connection.ts';
import { CliFailure, exitCodes } from '../failure.ts';

export function secretsFile(config: Config): string {
  return config.environment.WRIT_NATS_CREDS ?? join(config.dataDir, 'secrets.json');
}

/** The cell's secrets; a failure that says where they come from when there are none. */
export async function cellSecrets(config: Config): Promise<Secrets> {
  const path = secretsFile(config);
  if (!existsSync(path))
    throw new CliFailure(
      exitCodes.unreachable,
      `there is no secrets file \`${path}\`; \`writ up\` makes one, or name yours in WRIT_NATS_CREDS`,
    );
  const { readSecrets } = await import('@writ/bus');
  return readSecrets(path);
}

export function natsUrlOf(config: Config, connection: Connection | undefined): string {
  return (
    config.environment.WRIT_NATS_URL ??
    connection?.natsUrl ??
    missing('NATS', 'WRIT_NATS_URL', config)
  );
}

export function databaseUrlOf(config: Config, connection: Connection | undefined): string {
  return (
    config.environment.WRIT_DATABASE_URL ??
    connection?.databaseUrl ??
    missing('Postgres', 'WRIT_DATABASE_URL', config)
  );
}

/** Runs `work` on a connection of this user, and closes it. */
export async function asUser<T>(
  user: UserName,
  { secrets, natsUrl }: { readonly secrets: Secrets; readonly natsUrl: string },
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const { connectAs } = await import('@writ/bus');
  const connection = await connectAs(secrets, user, { servers: natsUrl, name: `writ-cli-${user}` });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** A server that lets anybody in guards nothing, whatever the secrets say; roles do not start on one. */
export function refuseOpenServer(access: {
  readonly secrets: Secrets;
  readonly natsUrl: string;
}): Promise<void> {
  return asUser('operator', access, (connection) => {
    if (connection.info?.auth_required === true) return Promise.resolve();
    throw new CliFailure(
      exitCodes.unreachable,
      `the NATS server at \`${access.natsUrl}\` lets anybody in; give it the configuration that \`writ config nats\` prints`,
    );
  });
}

/** Runs `work` on the read models, and closes them. */
export async function withStore<T>(
  databaseUrl: string,
  applicationName: string,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { openStore } = await import('@writ/readmodels');
  const store = openStore(databaseUrl, { max: 2, applicationName });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function missing(what: string, variable: string, config: Config): never {
  throw new CliFailure(
    exitCodes.unreachable,
    `it is not known where ${what} is: nothing runs in \`${config.dataDir}\` and ${variable} is not set; start it with \`npm start\` or \`writ up\``,
  );
}
