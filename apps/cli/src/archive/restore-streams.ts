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
} from '@writ/bus';
import { writHeaders } from '@writ/contracts';
import { applyStreams, type DeclaredStream, type Topology } from '@writ/streams';
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
  const { connection, declared, backup } = options;
  let before = 0;
  for (const stream of backup.streams) {
    const declaration = declared.streams.find(({ name }) => name === stream.name);
    if (declaration === undefined)
      throw refused(
        `the backup holds the stream \`${stream.name}\`, which this release does not have; restore it with the release that made it`,
      );
    await restoreStream(options, { stream, declaration, before });
    before += stream.count;
  }
  await applyStreams(connection, declared);
}

type One = {
  readonly stream: BackedUpStream;
  readonly declaration: DeclaredStream;
  readonly before: number;
};

async function restoreStream(
  options: RestoreStreams,
  { stream, declaration, before }: One,
): Promise<void> {
  const { connection, ingest, folder, onStored, goOn } = options;
  const { name } = stream;
  const path = join(folder, stream.file);
  const numbered = numberingOf(stream);
  const firstSeq = Math.max(1, name === 'INBOX' ? stream.lastSeq + 1 : stream.firstSeq);
  const status = await statusOrMade(connection, declaration, firstSeq);
  if (status.lastSeq < firstSeq - 1 || (status.messages > 0 && status.firstSeq !== firstSeq))
    throw occupied(name);
  await compare(options, { stream, throughSeq: status.lastSeq, numbered });
  const target: RawTarget = { connection, stream: name, ingest };
  let index = 0;
  await readingArchive(path, async () => {
    for await (const page of messagesOf(path)) {
      goOn();
      const messages = page.map((message) => numbered(message, index++));
      await storeAtSequences(
        target,
        messages.filter(({ seq }) => seq > status.lastSeq),
      );
      onStored(before + index);
    }
  });
  const same = await compare(options, {
    stream,
    throughSeq: firstSeq + stream.count - 1,
    numbered,
  });
  if (same !== stream.count)
    throw refused(
      `\`${name}\` holds ${same} of ${stream.count} messages after it was restored; restore again into empty servers`,
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
      : [...message.headers, [writHeaders.idempotencyKey, `inbox:${message.seq}`] as const];
    // Message ids of clients hold for a tenth of a second only; sent again at once, two would be taken for one.
    return { ...message, seq: lastSeq + 1 + index, messageId: null, headers };
  };
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
