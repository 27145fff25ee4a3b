/** `writ run <role…>`: only these roles, against servers that are there already. */
import type { RunningRole } from '@writ/bus';
import { checksOf, type Config } from '../config.ts';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';
import { VERSION } from '../version.ts';
import {
  cellSecrets,
  databaseUrlOf,
  natsUrlOf,
  refuseOpenServer,
  withStore,
} from './cell-access.ts';
import { type Holdings, openHoldings } from './holdings.ts';
import { openLifetime } from './lifetime.ts';
import { openLog } from './logger.ts';
import type { RoleName } from './role-names.ts';
import { loadRole, rolesWithDatabase, type RoleSurroundings } from './roles.ts';
import { untilReady } from './running-roles.ts';
import { type ComposedSurroundings, startAll } from './start-platform.ts';

export async function run(session: Session, names: readonly RoleName[]): Promise<ExitCode> {
  const { config, out, host } = session;
  const wanted = [...new Set(names)];
  const holdings = openHoldings();
  const { log, close } = openLog({
    level: config.environment.WRIT_LOG_LEVEL,
    lines: host.stdout,
  });
  holdings.keep(close);
  const lifetime = openLifetime({
    force() {
      out.note('forced; what was in flight is lost');
      process.exit(exitCodes.no);
    },
    onFault: (error) => log.error({ err: error }, 'a fault that nothing caught'),
  });
  const { signal } = lifetime;
  try {
    const roles = await startWanted(session, wanted, { log, holdings });
    await untilReady(roles, { signal, tell: (text) => out.note(text) });
    if (!signal.aborted) {
      log.info({ roles: wanted }, 'ready');
      out.note(`ready: ${wanted.join(', ')}; Ctrl-C stops ${wanted.length === 1 ? 'it' : 'them'}`);
    }
    await lifetime.over();
    log.info({ reason: signal.reason }, 'stopping');
    lifetime.settle();
    return exitCodes.done;
  } finally {
    await holdings.release((error) => log.error({ err: error }, 'something did not stop cleanly'));
    lifetime.dispose();
  }
}

type Room = { readonly log: ComposedSurroundings['log']; readonly holdings: Holdings };

async function startWanted(
  session: Session,
  wanted: readonly RoleName[],
  { log, holdings }: Room,
): Promise<readonly RunningRole[]> {
  const { config } = session;
  const connection = session.connection();
  const databaseUrl = wanted.some((name) => rolesWithDatabase.includes(name))
    ? databaseUrlOf(config, connection)
    : '';
  const surroundings: ComposedSurroundings = {
    secrets: await cellSecrets(config),
    natsUrl: natsUrlOf(config, connection),
    databaseUrl,
    tenant: config.environment.WRIT_TENANT,
    version: VERSION,
    http: httpOf(config),
    checks: checksOf(config.environment),
    log,
  };
  const [starters] = await Promise.all([
    Promise.all(wanted.map(async (name) => [name, await loadRole[name]()] as const)),
    refuseOpenServer(surroundings),
    databaseUrl === '' ? undefined : checkTables(databaseUrl),
  ]);
  return startAll(starters, surroundings, holdings);
}

function httpOf({ environment }: Config): RoleSurroundings['http'] {
  return {
    host: environment.WRIT_HTTP_HOST,
    port: environment.WRIT_HTTP_PORT,
    publicUrl: environment.WRIT_PUBLIC_URL,
  };
}

/** A role that finds the tables of another release would fail in odd ways later. */
async function checkTables(databaseUrl: string): Promise<void> {
  const { pendingMigrations, reading } = await import('@writ/readmodels');
  const pending = await withStore(databaseUrl, 'writ-run', (store) =>
    reading(() => pendingMigrations(store)),
  );
  if (pending.length > 0)
    throw new CliFailure(
      exitCodes.unreachable,
      `the database lacks ${pending.length} migrations (from \`${pending[0]}\` on); run \`writ db migrate\` first`,
    );
}
