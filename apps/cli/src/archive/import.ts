/**
 * `writ import`: the events of an exported tenant in a cell that has none of it.
 *
 * 1. Nothing is stored before the whole file was read and found right, and readable by this release.
 * 2. The events are stored in the file's order, each aggregate's under its expected sequence, in batches that are
 *    stored whole or not at all. So what is there after a crash is a beginning of the file, and `--resume` goes on.
 * 3. It is over when what is stored was read back and compared with the file.
 */
import { resolve } from 'node:path';
import { messagesOf } from '@writ/archive';
import {
  type NatsConnection,
  type RawMessage,
  readRawMessages,
  type Secrets,
  storeRawBatch,
} from '@writ/bus';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { openProgress } from '../terminal/progress.ts';
import { goOnUnless, refused } from './archive-failure.ts';
import { type Compared, compareWithFile, oneByOne } from './compare-log.ts';
import { type InspectedExport, inspectExport } from './inspect-export.ts';
import { pepperMark, segmentStates } from './log-segments.ts';

export type ImportFlags = { readonly check?: boolean; readonly resume?: boolean };

type Job = {
  readonly connection: NatsConnection;
  readonly secrets: Secrets;
  readonly file: string;
  readonly content: InspectedExport;
  readonly session: Session;
};

const BATCH = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

export async function importTenant(
  session: Session,
  path: string,
  flags: ImportFlags,
): Promise<ExitCode> {
  const file = resolve(path);
  const content = await inspectExport(file);
  if (flags.check === true) return sayChecked(session, path, content);
  if (content.header.fromSeq > 1)
    throw refused(
      `\`${path}\` begins at ${content.header.fromSeq} of its log, and only a whole one can be imported; export without --from-seq`,
    );
  const { config } = session;
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, session.connection());
  const { before, after } = await asUser('operator', { secrets, natsUrl }, async (connection) => {
    const job = { connection, secrets, file, content, session };
    const found = await compare(job);
    refuseOccupied(found, job, flags.resume === true);
    await store(job, found);
    return { before: found, after: await confirm(job) };
  });
  return sayImported(session, { content, secrets, path, before, after });
}

/** What the cell has of the tenant, against the file; API keys of the cell's own are no events of the file's tenant. */
async function compare({
  connection,
  file,
  content: { tenant, keySubjects },
}: Job): Promise<Compared> {
  return compareWithFile({
    stored: eventsOf(connection, tenant),
    path: file,
    passOver: ({ subject }) =>
      subject.startsWith(`writ.${tenant}.evt.tenancy.key.`) && !keySubjects.has(subject),
  });
}

async function* eventsOf(
  connection: NatsConnection,
  tenant: string,
): AsyncGenerator<readonly RawMessage[]> {
  for (const { name, firstSeq, lastSeq } of await segmentStates(connection))
    yield* readRawMessages({
      connection,
      stream: name,
      fromSeq: Math.max(1, firstSeq),
      throughSeq: lastSeq,
      filter: `writ.${tenant}.evt.>`,
    });
}

function refuseOccupied(
  { same, difference }: Compared,
  { content, file }: Job,
  resume: boolean,
): void {
  const { tenant, end } = content;
  if (difference !== null)
    throw refused(
      same === 0
        ? `the tenant \`${tenant}\` has events of its own in this cell (the first at ${difference.seq}, \`${difference.subject}\`); import into a cell that has none of it`
        : `the tenant \`${tenant}\` has the first ${same} of ${end.count} events of the file, but then differs: \`${difference.subject}\` at ${difference.seq} ${difference.what}; import into a cell that has none of it`,
    );
  if (same > 0 && !resume)
    throw refused(
      same === end.count
        ? `the tenant \`${tenant}\` has all ${same} events of the file already; nothing is to be done`
        : `the tenant \`${tenant}\` has the first ${same} of ${end.count} events of the file; \`writ import --resume ${file}\` stores the others`,
    );
}

async function store(
  { connection, secrets, file, content, session }: Job,
  found: Compared,
): Promise<void> {
  const stream = (await segmentStates(connection)).at(-1)?.name ?? 'EVENTS-1';
  const target = { connection, stream, ingest: secrets.ingest };
  const signal = session.host.interrupted();
  const progress = openProgress(session.host.stderr, 'importing', content.end.count);
  const { lastSeqs } = found;
  let count = 0;
  let batch: RawMessage[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    const last = await storeRawBatch(target, batch, (subject) => lastSeqs.get(subject) ?? 0);
    for (const [i, { subject }] of batch.entries())
      lastSeqs.set(subject, last - batch.length + 1 + i);
    batch = [];
    bytes = 0;
    progress.at(count, count - found.same);
    goOnUnless(signal);
  };
  try {
    for await (const message of oneByOne(messagesOf(file))) {
      if (++count <= found.same) continue;
      batch.push(message);
      bytes += message.body.length;
      if (batch.length >= BATCH || bytes >= BATCH_BYTES) await flush();
    }
    await flush();
  } finally {
    progress.end();
  }
}

/** Reads back what is there now. The tenant may live on meanwhile: what comes after the file's last event is its own. */
async function confirm(job: Job): Promise<Compared> {
  const after = await compare(job);
  if (after.same === job.content.end.count) return after;
  const { seq, subject, what } = after.difference ?? {
    seq: after.lastSeq,
    subject: '',
    what: 'is the last that is there',
  };
  throw new CliFailure(
    exitCodes.no,
    `after ${after.same} of ${job.content.end.count} events the log differs from the file: \`${subject}\` at ${seq} ${what}; something else wrote to the tenant`,
    {
      code: 'IMPORT_DIFFERS',
    },
  );
}

function sayChecked(
  { out }: Session,
  path: string,
  { header, end, tenant, activeKeys }: InspectedExport,
): ExitCode {
  const { count, firstSeq, lastSeq, sha256 } = end;
  const { cell, takenAt, fromSeq, toSeq } = header;
  out.document(
    {
      file: path,
      tenant,
      cell,
      takenAt,
      fromSeq,
      toSeq,
      count,
      firstSeq,
      lastSeq,
      sha256,
      activeKeys,
    },
    () =>
      [
        `${out.colours.green('whole')} ${path}: ${count.toLocaleString('en')} events of \`${tenant}\` from cell \`${cell}\`, taken at ${takenAt}`,
        `the log from ${fromSeq} to ${toSeq}; sha256 ${sha256}`,
      ].join('\n'),
  );
  return exitCodes.done;
}

type Done = {
  readonly content: InspectedExport;
  readonly secrets: Secrets;
  readonly path: string;
  readonly before: Compared;
  readonly after: Compared;
};

function sayImported({ out }: Session, { content, secrets, path, before, after }: Done): ExitCode {
  const { tenant, end, activeKeys, header } = content;
  const samePepper = header.pepper !== null && header.pepper === pepperMark(secrets);
  const report = {
    file: path,
    tenant,
    events: end.count,
    imported: end.count - before.same,
    from: { cell: header.cell, firstSeq: end.firstSeq, lastSeq: end.lastSeq },
    to: { cell: secrets.cell, firstSeq: after.firstSeq, lastSeq: after.lastSeq },
    keys: { active: activeKeys, usable: samePepper },
    sha256: end.sha256,
  };
  out.document(
    report,
    () =>
      `${out.colours.green('imported')} ${report.imported.toLocaleString('en')} events of \`${tenant}\` at ${after.firstSeq}–${after.lastSeq} of cell \`${secrets.cell}\`; read back and compared`,
  );
  if (activeKeys > 0) out.note(keysSentence(activeKeys, samePepper));
  return exitCodes.done;
}

function keysSentence(active: number, samePepper: boolean): string {
  const keys = active === 1 ? 'the API key' : `the ${active} API keys`;
  return samePepper
    ? `${keys} of the tenant can be used here too: both cells have the same pepper`
    : `${keys} of the tenant can not be used here: their secrets were hashed with the pepper of the other cell. Make new ones with \`writ keys create\` and revoke these`;
}
