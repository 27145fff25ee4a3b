/** The machine: Node, the servers' programs, the data directory, the port. */
import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import { adminKeyFile } from '../platform/admin-key.ts';
import { secretsFile } from '../platform/cell-access.ts';
import { isDataDirectory } from '../platform/data-directory.ts';
import { checkPortIsFree } from '../platform/prepare.ts';
import { connectionFile } from '../connection.ts';
import {
  type Examination,
  failed,
  type Finding,
  ok,
  repaired,
  skipped,
  warning,
} from './finding.ts';

const OLDEST_NODE = [22, 22, 2] as const;

export function examineMachine(session: Session, repair: boolean): readonly Examination[] {
  return [
    { check: 'node', run: () => [examineNode(process.versions.node)] },
    { check: 'programs', run: () => examinePrograms(session) },
    { check: 'data directory', run: () => examineDataDirectory(session, repair) },
    { check: 'port', run: async () => [await examinePort(session)] },
  ];
}

export function examineNode(version: string): Finding {
  const parts = version.split('.').map(Number);
  const at = OLDEST_NODE.findIndex((least, index) => parts[index] !== least);
  const newEnough = at === -1 || (parts[at] ?? 0) > (OLDEST_NODE[at] ?? 0);
  return newEnough
    ? ok('node', version)
    : failed(
        'node',
        `${version} is older than ${OLDEST_NODE.join('.')}`,
        'run it by `npm run writ -- …`, which brings a newer one',
      );
}

async function examinePrograms({ config }: Session): Promise<readonly Finding[]> {
  const { natsProgram, postgresPrograms } = await import('@writ/embedded');
  const { WRIT_NATS_URL, WRIT_DATABASE_URL, WRIT_NATS_SERVER_BIN } = config.environment;
  return [
    WRIT_NATS_URL === undefined
      ? examineProgram('nats-server', () => natsProgram(WRIT_NATS_SERVER_BIN))
      : skipped('nats-server', 'WRIT_NATS_URL names a running one'),
    WRIT_DATABASE_URL === undefined
      ? examineProgram('postgres', () => postgresPrograms(config.dataDir, undefined).postgres)
      : skipped('postgres', 'WRIT_DATABASE_URL names a running one'),
  ];
}

function examineProgram(check: string, find: () => string): Finding {
  try {
    return ok(check, find());
  } catch (thrown) {
    return failed(check, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function examineDataDirectory({ config }: Session, repair: boolean): readonly Finding[] {
  const { dataDir } = config;
  const check = 'data directory';
  if (!existsSync(dataDir))
    return [skipped(check, `\`${dataDir}\` is not there yet; \`writ up\` makes it`)];
  if (!isDataDirectory(dataDir))
    return [
      warning(check, `\`${dataDir}\` does not bear the mark of Writ`, 'choose another with --data'),
    ];
  const secret = [
    secretsFile(config),
    adminKeyFile(dataDir),
    connectionFile(dataDir),
    join(dataDir, 'logs', 'writ.log'),
  ];
  const open = secret.filter(
    (path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0,
  );
  if (open.length === 0) return [ok(check, dataDir)];
  if (!repair)
    return [
      failed(
        check,
        `others may read ${open.join(', ')}`,
        '`writ doctor --repair` takes that right away',
      ),
    ];
  for (const path of open) chmodSync(path, 0o600);
  return [repaired(check, `others could read ${open.join(', ')}; only you can now`)];
}

async function examinePort({ config, connection }: Session): Promise<Finding> {
  const { WRIT_HTTP_HOST: host, WRIT_HTTP_PORT: port } = config.environment;
  const running = connection();
  if (running !== undefined) return ok('port', `${running.httpUrl} is of process ${running.pid}`);
  try {
    await checkPortIsFree(host, port);
    return ok('port', `${host} port ${port} is free`);
  } catch (thrown) {
    return warning('port', thrown instanceof Error ? thrown.message : String(thrown));
  }
}
