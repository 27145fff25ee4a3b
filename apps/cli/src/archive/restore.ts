/** `writ restore`: a new data directory from a backup, or the streams of empty servers that run. */
import { existsSync } from 'node:fs';
import { copyFile, chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { generateSecrets, type Logger, readSecrets, type Secrets, writeSecrets } from '@writ/bus';
import { topology } from '@writ/streams';
import { type ExitCode, exitCodes } from '../failure.ts';
import { asUser, cellSecrets, refuseOpenServer } from '../platform/cell-access.ts';
import { takeDataDirectory } from '../platform/data-directory.ts';
import { startNatsServer } from '../platform/servers.ts';
import type { Session } from '../session.ts';
import { openProgress } from '../terminal/progress.ts';
import { goOnUnless, refused } from './archive-failure.ts';
import { type BackupContents, verifyBackup } from './backup-manifest.ts';
import { restoreStreams } from './restore-streams.ts';

type Job = { readonly session: Session; readonly folder: string; readonly backup: BackupContents };
type Access = { readonly secrets: Secrets; readonly natsUrl: string };

export async function restore(session: Session, dir: string): Promise<ExitCode> {
  const { config, out } = session;
  const folder = resolve(dir);
  const natsUrl = config.environment.WRIT_NATS_URL;
  if (natsUrl === undefined) await refuseOccupied(config.dataDir);
  const backup = await verifyBackup(folder);
  const job = { session, folder, backup };
  const secrets =
    natsUrl === undefined ? await restoreDirectory(job) : await restoreServers(job, natsUrl);
  const sameSecrets = secrets.cell === backup.cell;
  const messages = backup.streams.reduce((sum, { count }) => sum + count, 0);
  const into = natsUrl === undefined ? { dataDir: config.dataDir } : { natsUrl };
  out.document(
    { dir, ...into, cell: secrets.cell, logSeq: backup.logSeq, messages, secrets: sameSecrets },
    () =>
      [
        `${out.colours.green('restored')} ${messages.toLocaleString('en')} messages, the log up to ${backup.logSeq}; read back and compared`,
        natsUrl === undefined
          ? `start it with \`writ up --data ${config.dataDir}\`; the read models are made from the log`
          : 'start the roles; if Postgres has rows of another log, `writ doctor --repair` makes them anew',
      ].join('\n'),
  );
  if (!sameSecrets)
    out.note(
      `the secrets are others than those of cell \`${backup.cell}\`: its API keys can not be used here; make new ones with \`writ keys create\``,
    );
  return exitCodes.done;
}

/** Everything is made beside the directory, which so is there as a whole or not at all. */
async function restoreDirectory(job: Job): Promise<Secrets> {
  const { config } = job.session;
  const { dataDir, environment } = config;
  await mkdir(dirname(dataDir), { recursive: true });
  const draft = `${dataDir}.restoring`;
  const directory = await takeDataDirectory(draft, { fresh: existsSync(draft) });
  let secrets: Secrets;
  try {
    secrets = await secretsInto(draft, job);
    const room = { environment, dataDir: draft, secrets, log: silent, onGivenUp: () => undefined };
    const server = await startNatsServer(room);
    try {
      await fill(job, { secrets, natsUrl: server.url });
    } finally {
      await server.stop();
    }
  } finally {
    directory.release();
  }
  await rename(draft, dataDir);
  return secrets;
}

/** The secrets of the backup, or new ones when it has none. */
async function secretsInto(draft: string, { folder, backup }: Job): Promise<Secrets> {
  for (const { file } of backup.files) {
    const to = join(draft, file);
    await copyFile(join(folder, file), to);
    await chmod(to, 0o600);
  }
  const path = join(draft, 'secrets.json');
  if (existsSync(path)) return readSecrets(path);
  const secrets = generateSecrets();
  await writeSecrets(path, secrets);
  return secrets;
}

async function restoreServers(job: Job, natsUrl: string): Promise<Secrets> {
  const secrets = await cellSecrets(job.session.config);
  await refuseOpenServer({ secrets, natsUrl });
  await fill(job, { secrets, natsUrl });
  return secrets;
}

async function fill({ session, folder, backup }: Job, access: Access): Promise<void> {
  const { config, host } = session;
  const { ingest } = access.secrets;
  const declared = topology({ ingest, replicas: config.environment.WRIT_REPLICAS });
  const whole = backup.streams.reduce((sum, { count }) => sum + count, 0);
  const progress = openProgress(host.stderr, 'restoring', whole);
  const signal = host.interrupted();
  try {
    await asUser('operator', access, (connection) =>
      restoreStreams({
        connection,
        ingest,
        declared,
        folder,
        backup,
        onStored: (count) => progress.at(count, count),
        goOn: () => goOnUnless(signal),
      }),
    );
  } finally {
    progress.end();
  }
}

async function refuseOccupied(dataDir: string): Promise<void> {
  const names = existsSync(dataDir) ? await readdir(dataDir).catch(() => ['?']) : [];
  if (names.length > 0)
    throw refused(
      `the data directory \`${dataDir}\` is there and not empty; restore into a new one (--data), and move the old one away first if it is to be replaced`,
    );
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
