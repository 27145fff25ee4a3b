/**
 * `writ backup`: all streams of the cell, each in a file, also while everything runs.
 *
 * What belongs together is there together, because of the order: INBOX is read before the ends of the others are
 * asked for, so a command is in INBOX, or its events are in the log, or both (and then it is known again by its
 * idempotency key). OPS and DECISIONS end before the log does, so nothing in them speaks of what is not there.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createArchive } from '@writ/archive';
import {
  type NatsConnection,
  openStreamReader,
  type RawMessage,
  readRawMessages,
  readRawOfLeader,
  type Secrets,
  type StreamStatus,
} from '@writ/bus';
import { WritError } from '@writ/contracts';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import { adminKeyFile } from '../platform/admin-key.ts';
import { asUser, cellSecrets, natsUrlOf, secretsFile } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { openProgress, type Progress } from '../terminal/progress.ts';
import { VERSION } from '../version.ts';
import { goOnUnless } from './archive-failure.ts';
import {
  type BackedUpStream,
  type BackupContents,
  sha256,
  verifyBackup,
  writeManifest,
} from './backup-manifest.ts';
import { pepperMark, segmentStates } from './log-segments.ts';

export type BackupFlags = { readonly withSecrets?: boolean; readonly check?: boolean };

export async function backup(session: Session, dir: string, flags: BackupFlags): Promise<ExitCode> {
  const folder = resolve(dir);
  if (flags.check === true) return sayBackup(session, dir, await verifyBackup(folder), 'whole');
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new CliFailure(
      exitCodes.usage,
      `\`${dir}\` is there already and not empty; choose another directory for this backup`,
    );
  const { config } = session;
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, session.connection());
  const signal = session.host.interrupted();
  const draft = `${folder}.${process.pid}.partial`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  try {
    const streams = await asUser('operator', { secrets, natsUrl }, (connection) =>
      copyStreams({ session, signal, connection, secrets, folder: draft }),
    );
    const files = flags.withSecrets === true ? await copySecrets(session, draft) : [];
    const value: BackupContents = {
      format: 'writ-backup',
      version: 1,
      cell: secrets.cell,
      takenAt: new Date().toISOString(),
      writ: VERSION,
      logSeq: Math.max(
        0,
        ...streams.filter(({ name }) => name.startsWith('EVENTS-')).map(({ lastSeq }) => lastSeq),
      ),
      streams,
      files,
    };
    await writeManifest(draft, value);
    if (existsSync(folder)) await rmdir(folder);
    await rename(draft, folder);
    if (flags.withSecrets !== true)
      session.out.note(
        'without the secrets: after a restore all API keys have to be made again; --with-secrets copies them, or keep `secrets.json` and `admin.key` in another place',
      );
    return sayBackup(session, dir, value, 'backed up');
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type Job = {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly connection: NatsConnection;
  readonly secrets: Secrets;
  readonly folder: string;
};

type Ended = StreamStatus & { readonly name: string };

async function copyStreams(job: Job): Promise<BackedUpStream[]> {
  const { connection, session } = job;
  const endOf = async (name: string): Promise<Ended> => ({
    name,
    ...(await openStreamReader(connection, name).status()),
  });
  const inbox = await endOf('INBOX');
  const copied = [await copyStream(job, inbox)];
  const others = [
    await endOf('OPS'),
    await endOf('DECISIONS'),
    ...(await segmentStates(connection)),
  ];
  const progress = openProgress(
    session.host.stderr,
    'backing up',
    others.reduce((sum, { messages }) => sum + messages, 0),
  );
  let before = 0;
  try {
    for (const status of others) {
      copied.push(await copyStream(job, status, { progress, before }));
      before += status.messages;
    }
  } finally {
    progress.end();
  }
  return copied;
}

async function copyStream(
  { signal, connection, secrets, folder }: Job,
  status: Ended,
  showing?: { readonly progress: Progress; readonly before: number },
): Promise<BackedUpStream> {
  const { name, created, lastSeq } = status;
  const file = `${name}.writ`;
  const archive = await createArchive(join(folder, file), {
    kind: 'stream',
    cell: secrets.cell,
    tenant: null,
    streams: [{ name, created, firstSeq: status.firstSeq, lastSeq }],
    fromSeq: Math.max(1, status.firstSeq),
    toSeq: lastSeq,
    pepper: pepperMark(secrets),
    takenAt: new Date().toISOString(),
    writ: VERSION,
  });
  let count = 0;
  try {
    for await (const page of pagesOf(connection, status)) {
      goOnUnless(signal);
      await archive.add(page);
      count += page.length;
      showing?.progress.at(showing.before + count, showing.before + count);
    }
    const written = await archive.finish();
    return {
      name,
      file,
      created,
      firstSeq: written.firstSeq ?? lastSeq + 1,
      lastSeq,
      count: written.count,
      sha256: written.sha256,
    };
  } finally {
    await archive.discard();
  }
}

async function* pagesOf(
  connection: NatsConnection,
  { name, firstSeq, lastSeq }: Ended,
): AsyncGenerator<readonly RawMessage[]> {
  const query = { connection, stream: name, fromSeq: Math.max(1, firstSeq), throughSeq: lastSeq };
  // Commands leave INBOX while it is read, and a replica that lags might lack one that was acknowledged.
  if (name === 'INBOX') return yield* readRawOfLeader(query);
  let expected: number | undefined;
  for await (const page of readRawMessages(query)) {
    for (const { seq } of page) {
      // The oldest may have aged out since the start was asked for; after that there are no holes.
      if (expected !== undefined && seq !== expected)
        throw new WritError(
          'EVENT_UNREADABLE',
          `${expected} is missing from \`${name}\`; restore the stream from an older backup`,
        );
      expected = seq + 1;
    }
    yield page;
  }
  if (expected !== undefined && expected <= lastSeq)
    throw new WritError(
      'EVENT_UNREADABLE',
      `${expected} to ${lastSeq} are missing from \`${name}\`; restore the stream from an older backup`,
    );
}

async function copySecrets({ config }: Session, folder: string): Promise<BackupContents['files']> {
  const from = { 'secrets.json': secretsFile(config), 'admin.key': adminKeyFile(config.dataDir) };
  const copied: BackupContents['files'] = [];
  for (const [file, path] of Object.entries(from)) {
    if (!existsSync(path)) continue;
    const to = join(folder, file);
    await copyFile(path, to);
    copied.push({ file, sha256: sha256(await readFile(to)) });
  }
  return copied;
}

function sayBackup(
  { out }: Session,
  dir: string,
  value: BackupContents,
  what: 'whole' | 'backed up',
): ExitCode {
  const { cell, logSeq, takenAt, streams, files } = value;
  out.document({ dir, ...value }, () =>
    [
      `${out.colours.green(what)} ${dir}: cell \`${cell}\` at ${takenAt}, the log up to ${logSeq}`,
      ...streams.map(
        ({ name, count, firstSeq, lastSeq, sha256: sum }) =>
          `  ${name.padEnd(10)} ${count.toLocaleString('en')} messages${count === 0 ? '' : `, ${firstSeq}–${lastSeq}`}, sha256 ${sum.slice(0, 16)}…`,
      ),
      ...files.map(({ file }) => `  ${file}`),
    ].join('\n'),
  );
  return exitCodes.done;
}
