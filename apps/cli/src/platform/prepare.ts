/** What must hold before the roles start: secrets, a free port, streams, tables, the admin key. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Secrets } from '@writ/bus';
import type { Plan } from '@writ/streams';
import type { Config } from '../config.ts';
import { CliFailure, exitCodes } from '../failure.ts';
import type { AdminKey } from './admin-key.ts';
import { asUser, cellSecrets, refuseOpenServer, secretsFile, withStore } from './cell-access.ts';

/** The cell's secrets; made at the first start, unless the environment names a file that must be there. */
export async function ensureSecrets(config: Config): Promise<Secrets> {
  const path = secretsFile(config);
  if (existsSync(path) || config.environment.WRIT_NATS_CREDS !== undefined)
    return cellSecrets(config);
  const { generateSecrets, writeSecrets } = await import('@writ/bus');
  const secrets = generateSecrets();
  await writeSecrets(path, secrets);
  return secrets;
}

/** Says at once what would otherwise fail after everything else has started. */
export function checkPortIsFree(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => reject(portFailure(host, port, cause)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function portFailure(host: string, port: number, cause: NodeJS.ErrnoException): CliFailure {
  const why =
    cause.code === 'EADDRINUSE'
      ? `port ${port} of \`${host}\` is taken by another program; stop that one or set WRIT_HTTP_PORT (0 takes any free port)`
      : `the API can not listen at \`${host}\` port ${port} (${cause.code ?? cause.message}); check WRIT_HTTP_HOST and WRIT_HTTP_PORT`;
  return new CliFailure(exitCodes.unreachable, why, { code: 'PORT_TAKEN', cause });
}

/** The streams as declared, and the admin key in the log. */
export async function prepareLog(
  config: Config,
  secrets: Secrets,
  natsUrl: string,
): Promise<AdminKey> {
  const [{ openEventStore }, { applyStreams, topology }, { ensureAdminKey }] = await Promise.all([
    import('@writ/bus'),
    import('@writ/streams'),
    import('./admin-key.ts'),
  ]);
  const { WRIT_REPLICAS: replicas, WRIT_TENANT: tenant } = config.environment;
  const access = { secrets, natsUrl };
  if (config.environment.WRIT_NATS_URL !== undefined) await refuseOpenServer(access);
  const declared = topology({ ingest: secrets.ingest, replicas });
  refuseLoss(await asUser('operator', access, (connection) => applyStreams(connection, declared)));
  return asUser('commander-store', access, (connection) => {
    const store = openEventStore({ connection, cell: secrets.cell, ingest: secrets.ingest });
    return ensureAdminKey({ dataDir: config.dataDir, tenant, secrets, store });
  });
}

/** Streams that can only be brought to their declaration by losing data are a person's decision. */
function refuseLoss(plan: Plan): void {
  const [first] = plan.steps.filter((step) => step.action === 'refuse');
  if (first !== undefined)
    throw new CliFailure(
      exitCodes.unreachable,
      `the stream \`${first.target}\` is not as declared and is not changed: ${first.reason}; \`writ streams plan\` shows all`,
    );
}

/** The tables of this release. */
export async function prepareTables(databaseUrl: string): Promise<readonly string[]> {
  const { migrate } = await import('@writ/readmodels');
  return withStore(databaseUrl, 'writ-migrate', migrate);
}
