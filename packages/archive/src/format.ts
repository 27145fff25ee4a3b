/** What the lines of an archive hold; the reference page of the format says the same in words. */
import { z } from 'zod';

export const ARCHIVE_FORMAT = 'writ-archive';
export const ARCHIVE_VERSION = 1;

const seq = z.int().nonnegative();

/** Line 1: where the messages come from. */
export const archiveHeader = z.strictObject({
  format: z.literal(ARCHIVE_FORMAT),
  version: z.literal(ARCHIVE_VERSION),
  /** `tenant`: one tenant's events; `stream`: all messages of one stream. */
  kind: z.enum(['tenant', 'stream']),
  cell: z.string(),
  tenant: z.string().nullable(),
  /** The streams that were read, in order; the log may have several segments. */
  streams: z.array(
    z.strictObject({ name: z.string(), created: z.string(), firstSeq: seq, lastSeq: seq }),
  ),
  /** What was asked for: everything of these sequences, both included. */
  fromSeq: seq,
  toSeq: seq,
  /** Tells whether two cells have the same pepper, and nothing about it. */
  pepper: z.string().nullable(),
  takenAt: z.string(),
  writ: z.string(),
});
export type ArchiveHeader = z.infer<typeof archiveHeader>;

/** One message, all of it that is not of the transport. */
export const archivedMessage = z.strictObject({
  /** Counts the messages of the archive, from 1. */
  n: z.int().positive(),
  seq,
  subject: z.string(),
  /** When the broker stored it. */
  storedAt: z.string().nullable(),
  /** The id that the stream knows it by. */
  messageId: z.string().nullable(),
  /** In their order; each character of a value stands for one byte. */
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** The exact text; `body64` instead where the bytes are not UTF-8. */
  body: z.string().optional(),
  body64: z.string().optional(),
});

/** The last line. */
export const archiveEnd = z.strictObject({
  end: z.literal(true),
  count: seq,
  firstSeq: seq.nullable(),
  lastSeq: seq.nullable(),
  /** The checksum over all lines before this one. */
  sha256: z.string(),
});
export type ArchiveEnd = z.infer<typeof archiveEnd>;

/** A message of a stream, as it goes into an archive and comes out of it. */
export type ArchivedMessage = {
  readonly seq: number;
  readonly subject: string;
  readonly storedAt: string | null;
  readonly messageId: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The line's object for a message. */
export function toLine(message: ArchivedMessage, n: number): z.infer<typeof archivedMessage> {
  const { seq: at, subject, storedAt, messageId, headers, body } = message;
  const lines = headers.map(([name, value]): [string, string] => [name, value]);
  return { n, seq: at, subject, storedAt, messageId, headers: lines, ...bodyOf(body) };
}

function bodyOf(bytes: Uint8Array): { body: string } | { body64: string } {
  try {
    return { body: strictUtf8.decode(bytes) };
  } catch {
    return { body64: Buffer.from(bytes).toString('base64') };
  }
}

/** The message that a line's object stands for. */
export function fromLine(line: z.infer<typeof archivedMessage>): ArchivedMessage {
  const { seq: at, subject, storedAt, messageId, headers, body, body64 } = line;
  const bytes =
    body64 === undefined ? Buffer.from(body ?? '', 'utf8') : Buffer.from(body64, 'base64');
  return { seq: at, subject, storedAt, messageId, headers, body: bytes };
}
