/** Messages of a stream with all that is theirs and nothing of the transport, read in order: for archives. */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { decodeEvent, type StoredEvent } from './event-codec.ts';
import { headerIn, type HeaderLine, headerText, ownHeaders } from './header-block.ts';
import { askJetStream, isFault, jetStreamCodes, toLogError } from './jetstream-api.ts';
import { directGet, type StreamStatus, streamStatus } from './stored-messages.ts';

/** A message as its publisher made it, and as the stream knows it. */
export type RawMessage = {
  readonly seq: number;
  readonly subject: string;
  /** When the broker stored it, in its own spelling. */
  readonly storedAt: string | null;
  readonly messageId: string | null;
  /** In their order; each character of a value stands for one byte. */
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
};

export type ReadRaw = {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly fromSeq: number;
  readonly throughSeq: number;
  /** One subject, wildcards allowed; all when left out. */
  readonly filter?: string;
};

const PAGE = 1000;
const PAGE_BYTES = 16 * 1024 * 1024;
const PATIENCE_MS = 10_000;

/** Every message of a range, in pages; replicas that lag are waited for. Throws `LOG_UNAVAILABLE`. */
export async function* readRawMessages(query: ReadRaw): AsyncGenerator<readonly RawMessage[]> {
  const { connection, stream, throughSeq, filter = '>' } = query;
  let seq = query.fromSeq;
  let deadline = performance.now() + PATIENCE_MS;
  while (seq <= throughSeq) {
    const { messages } = await guarded(stream, () =>
      directGet(connection, stream, {
        seq,
        next_by_subj: filter,
        batch: PAGE,
        max_bytes: PAGE_BYTES,
      }),
    );
    const page = messages
      .filter((message) => message.seq <= throughSeq)
      .map(({ seq: at, subject, headers, data }) =>
        rawOf(at, {
          subject,
          headers,
          data,
          storedAt: headerIn(headers, 'Nats-Time-Stamp') ?? null,
        }),
      );
    const last = messages.at(-1);
    if (page.length > 0) yield page;
    if (last !== undefined) {
      seq = last.seq + 1;
      deadline = performance.now() + PATIENCE_MS;
      continue;
    }
    const next = await leaderNext(query, seq);
    if (next === undefined || next.seq > throughSeq) return;
    if (performance.now() > deadline)
      throw new WritError(
        'LOG_UNAVAILABLE',
        `\`${stream}\` could not be read from ${seq} on; try again`,
      );
    await wait(50);
  }
}

/** As `readRawMessages`, asking the leader for each one: for streams from which messages go while it is read. */
export async function* readRawOfLeader(query: ReadRaw): AsyncGenerator<readonly RawMessage[]> {
  for (let seq = query.fromSeq; seq <= query.throughSeq; ) {
    const next = await leaderNext(query, seq);
    if (next === undefined || next.seq > query.throughSeq) return;
    yield [next];
    seq = next.seq + 1;
  }
}

/** The names of all streams of the account that begin so. Needs the operator's rights. */
export async function streamsNamed(connection: NatsConnection, prefix: string): Promise<string[]> {
  type Names = { readonly streams: readonly string[] | null; readonly total: number };
  const names: string[] = [];
  for (;;) {
    const query = { offset: names.length };
    const page = await guarded(prefix, () =>
      askJetStream<Names>(connection, 'STREAM.NAMES', query),
    );
    names.push(...(page.streams ?? []));
    if (names.length >= page.total || (page.streams ?? []).length === 0) break;
  }
  return names.filter((name) => name.startsWith(prefix));
}

/** The state of a stream; `undefined` where there is no such stream. */
export async function statusIfThere(
  connection: NatsConnection,
  stream: string,
): Promise<StreamStatus | undefined> {
  try {
    return await streamStatus(connection, stream);
  } catch (error) {
    if (isFault(error, jetStreamCodes.streamNotFound)) return undefined;
    throw toLogError(error, stream);
  }
}

type Got = {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string;
    readonly time: string;
  };
};

async function leaderNext(
  { connection, stream, filter = '>' }: ReadRaw,
  seq: number,
): Promise<RawMessage | undefined> {
  try {
    const { message } = await askJetStream<Got>(connection, `STREAM.MSG.GET.${stream}`, {
      seq,
      next_by_subj: filter,
    });
    return rawOf(message.seq, {
      subject: message.subject,
      headers: Buffer.from(message.hdrs ?? '', 'base64').toString('latin1'),
      data: Buffer.from(message.data ?? '', 'base64'),
      storedAt: message.time,
    });
  } catch (error) {
    if (isFault(error, jetStreamCodes.noMessage)) return undefined;
    throw toLogError(error, stream);
  }
}

type Parts = {
  readonly subject: string;
  readonly headers: string;
  readonly data: Uint8Array;
  readonly storedAt: string | null;
};

function rawOf(seq: number, { subject, headers, data, storedAt }: Parts): RawMessage {
  return {
    seq,
    subject,
    storedAt,
    messageId: headerIn(headers, 'Nats-Msg-Id') ?? null,
    headers: ownHeaders(headers),
    body: data,
  };
}

async function guarded<T>(stream: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toLogError(error, stream);
  }
}

/** The event that a message of the log is; throws `EVENT_UNREADABLE` when this release can not read it. */
export function decodeRawMessage({ seq, subject, headers, body }: RawMessage): StoredEvent {
  return decodeEvent({
    seq,
    subject,
    headers: `NATS/1.0\r\n${headerText(headers)}\r\n`,
    data: body,
  });
}
