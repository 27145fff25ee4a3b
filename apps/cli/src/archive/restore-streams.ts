/**
 * Streams from a backup: every message at the sequence it had, read back and compared.
 *
 * INBOX alone is numbered anew: commands have left it, so the numbers have holes. The ones that wait go after the last
 * number that was ever given, and keep under a header the idempotency key that their old number stood for. So a command
 * that was done already is known again, and no new one takes the number of an old one.
 */
import { join } from 'node:path';
import { messagesOf } from '@writ/archive';
import {
  createStreamAt,
  deleteUnused,
  openStreamReader,
  type StreamStatus,
  type NatsConnection,
  type RawMessage,
  type RawTarget,
  readRawMessages,
  statusIfThere,
  storeAtSequences,
  streamsNamed,
} from '@writ/bus';
import { writHeaders, WritError } from '@writ/contracts';
import {
  applyStreams,
  beginRestore,
  type DeclaredStream,
  endRestore,
  openSegment,
  segmentNumber,
  type SegmentPlace,
  type Topology,
} from '@writ/streams';
import { readingArchive, refused } from './archive-failure.ts';
import type { BackedUpStream, BackupContents } from './backup-manifest.ts';
import { compareWithFile } from './compare-log.ts';

export type RestoreStreams = {
  readonly connection: NatsConnection;
  readonly ingest: string;
  readonly declared: Topology;
  readonly folder: string;
  readonly backup: BackupContents;
  /** Messages stored so far. */
  readonly onStored: (count: number) => void;
  readonly goOn: () => void;
};

/** Makes and fills every stream; one that holds a beginning of its file already is gone on with. */
export async function restoreStreams(options: RestoreStreams): Promise<void> {
  const { connection, declared, backup, onStored } = options;
  let before = 0;
  const done = (count: number) => onStored(before + count);
  // The first segment as it was applied to empty servers would stand in the way of a later one.
  for (const name of await streamsNamed(connection, 'EVENTS-'))
    if (segmentNumber(name) !== lastSegment(backup)) await deleteUnused(connection, name);
  for (const stream of newestFirst(backup.streams)) {
    const number = segmentNumber(stream.name);
    const declaration =
      number === undefined
        ? declared.streams.find(({ name }) => name === stream.name)
        : openSegment(declared, number);
    if (declaration === undefined)
      throw refused(
        `the backup holds the stream \`${stream.name}\`, which this release does not have; restore it with the release that made it`,
      );
    const one = { stream, declaration, done };
    if (number === undefined || number === lastSegment(backup)) await restoreStream(options, one);
    else await restoreClosedSegment(options, { ...one, number });
    before += stream.count;
  }
  await applyStreams(connection, declared);
}

/** The segments of the log from the last one back, each before the one it follows on. */
function newestFirst(streams: readonly BackedUpStream[]): BackedUpStream[] {
  const rank = ({ name }: BackedUpStream) => segmentNumber(name) ?? Number.POSITIVE_INFINITY;
  return streams.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)));
}

function lastSegment({ streams }: BackupContents): number {
  return Math.max(0, ...streams.map(({ name }) => segmentNumber(name) ?? 0));
}

type One = {
  readonly stream: BackedUpStream;
  readonly declaration: DeclaredStream;
  /** So many messages of the stream are stored. */
  readonly done: (count: number) => void;
};

async function restoreStream(
  options: RestoreStreams,
  { stream, declaration, done }: One,
): Promise<void> {
  const { connection, ingest } = options;
  const { name } = stream;
  const numbered = numberingOf(stream);
  const firstSeq = Math.max(1, name === 'INBOX' ? stream.lastSeq + 1 : stream.firstSeq);
  const status = await statusOrMade(connection, declaration, firstSeq);
  if (status.lastSeq < firstSeq - 1 || (status.messages > 0 && status.firstSeq !== firstSeq))
    throw occupied(name);
  await compare(options, { stream, throughSeq: status.lastSeq, numbered });
  const target = { connection, stream: name, ingest };
  await fill(options, { stream, target, numbered, storedSeq: status.lastSeq, done });
  await compareWhole(options, { stream, throughSeq: firstSeq + stream.count - 1, numbered });
}

/** A segment that takes no more events comes back as `writ log restore` brings one back. */
async function restoreClosedSegment(
  options: RestoreStreams,
  { stream, done, number }: One & { readonly number: number },
): Promise<void> {
  const { connection, declared } = options;
  const { name, created, firstSeq, lastSeq } = stream;
  const place = { number, created, firstSeq, lastSeq };
  const range = { stream, throughSeq: lastSeq, numbered: (message: RawMessage) => message };
  const closed = (await statusIfThere(connection, name))?.lastSeq === lastSeq;
  if (closed && !(await isBeingRestored(options, place))) return compareWhole(options, range);
  const ingest = await beginRestore(connection, declared, place);
  const storedSeq = (await openStreamReader(connection, name).status()).lastSeq;
  await fill(options, { ...range, target: { connection, stream: name, ingest }, storedSeq, done });
  await compareWhole(options, range);
  await endRestore(connection, declared, place);
}

async function isBeingRestored(
  { connection, declared }: RestoreStreams,
  place: SegmentPlace,
): Promise<boolean> {
  try {
    await beginRestore(connection, declared, place);
    return true;
  } catch (error) {
    if (error instanceof WritError && error.code === 'CONFIG_INVALID') return false;
    throw error;
  }
}

type Filling = {
  readonly stream: BackedUpStream;
  readonly target: RawTarget;
  readonly numbered: Numbered;
  /** Up to here the stream is filled already. */
  readonly storedSeq: number;
  readonly done: (count: number) => void;
};

async function fill(
  { folder, goOn }: RestoreStreams,
  { stream, target, numbered, storedSeq, done }: Filling,
): Promise<void> {
  const path = join(folder, stream.file);
  let index = 0;
  await readingArchive(path, async () => {
    for await (const page of messagesOf(path)) {
      goOn();
      const messages = page.map((message) => numbered(message, index++));
      await storeAtSequences(
        target,
        messages.filter(({ seq }) => seq > storedSeq),
      );
      done(index);
    }
  });
}

async function compareWhole(options: RestoreStreams, range: Range): Promise<void> {
  const { name, count } = range.stream;
  const same = await compare(options, range);
  if (same !== count)
    throw refused(
      `\`${name}\` holds ${same} of ${count} messages after it was restored; restore again into empty servers`,
    );
}

/** The stream's state; one that is not there, or never held anything, is made to begin at this sequence. */
async function statusOrMade(
  connection: NatsConnection,
  declaration: DeclaredStream,
  firstSeq: number,
): Promise<StreamStatus> {
  const { name } = declaration;
  const found = await statusIfThere(connection, name);
  const unused = found !== undefined && firstSeq > 1 && (await deleteUnused(connection, name));
  if (found !== undefined && !unused) return found;
  await createStreamAt(connection, declaration, firstSeq);
  return openStreamReader(connection, name).status();
}

type Numbered = (message: RawMessage, index: number) => RawMessage;

function numberingOf({ name, lastSeq }: BackedUpStream): Numbered {
  if (name !== 'INBOX') return (message) => message;
  return (message, index) => {
    const named = message.headers.some(
      ([header]) => header.toLowerCase() === writHeaders.idempotencyKey.toLowerCase(),
    );
    const headers = named
      ? message.headers
      : [...message.headers, [writHeaders.idempotencyKey, placeOf(message)] as const];
    // Message ids of clients hold for a tenth of a second only; sent again at once, two would be taken for one.
    return { ...message, seq: lastSeq + 1 + index, messageId: null, headers };
  };
}

/** The key that the commander would have used at the message's old place. */
function placeOf({ seq, storedAt }: RawMessage): string {
  return `inbox-${seq}-${Date.parse(storedAt ?? '') || 0}`;
}

type Range = {
  readonly stream: BackedUpStream;
  readonly throughSeq: number;
  readonly numbered: Numbered;
};

/** How many messages of the file the stream holds; fails when one of them differs. */
async function compare(
  { connection, folder }: RestoreStreams,
  { stream, throughSeq, numbered }: Range,
): Promise<number> {
  const { same, difference } = await compareWithFile({
    stored: readRawMessages({ connection, stream: stream.name, fromSeq: 1, throughSeq }),
    path: join(folder, stream.file),
    sequences: true,
    expected: numbered,
  });
  if (difference !== null)
    throw occupied(
      stream.name,
      `: \`${difference.subject}\` at ${difference.seq} ${difference.what}`,
    );
  return same;
}

function occupied(name: string, what = '') {
  return refused(
    `\`${name}\` holds something else than the backup${what}; restore into empty servers or a new data directory`,
  );
}
