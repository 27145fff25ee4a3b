/** Reading the log by sequence, over all of its segments. */
import type { NatsConnection } from '@nats-io/nats-core';
import type { StoredMessage } from './event-codec.ts';
import { chainOf } from './segment-chain.ts';
import { type Chain, removedError, type Segment, segmentOf } from './segments.ts';
import { directGet, leaderGet, type StreamStatus } from './stored-messages.ts';

/** The name under which the log as a whole is read and followed, whatever its segments are. */
export const LOG = 'EVENTS';

/** The state of the log: counts over all segments on the broker, and `created` of the segment of the last sequence. */
export type LogStatus = StreamStatus & {
  /** The segment of the last sequence. */
  readonly segment: number;
};

const PAGE = 1000;
const PAGE_BYTES = 16 * 1024 * 1024;

/** The state of the log, not older than the call. */
export async function statusOfLog(connection: NatsConnection): Promise<LogStatus> {
  const { chain, status } = await chainOf(connection).headStatus();
  const older = chain.segments.slice(0, -1);
  const last = segmentOf(chain, status.lastSeq) ?? chain.head;
  return {
    created: last.created,
    segment: last.number,
    firstSeq: older.length === 0 ? status.firstSeq : chain.firstSeq,
    lastSeq: status.lastSeq,
    messages: older.reduce((sum, { messages }) => sum + messages, status.messages),
    bytes: older.reduce((sum, { bytes }) => sum + bytes, status.bytes),
    serverTimeMs: status.serverTimeMs,
  };
}

/** The segments that the broker has now, oldest first. Throws `LOG_UNAVAILABLE`. */
export async function logSegments(connection: NatsConnection): Promise<readonly Segment[]> {
  return (await chainOf(connection).confirmed()).segments;
}

export type LogQuery = {
  readonly fromSeq: number;
  readonly limit: number;
  /** One subject, wildcards allowed; all when left out. */
  readonly filter?: string;
};

/** A run of messages in order, as replicas have them. */
export async function readLog(
  connection: NatsConnection,
  query: LogQuery,
): Promise<StoredMessage[]> {
  const log = chainOf(connection);
  return await log.over(await log.confirmed(), (chain) => readChain(connection, chain, query));
}

async function readChain(
  connection: NatsConnection,
  chain: Chain,
  { fromSeq, limit, filter = '>' }: LogQuery,
): Promise<StoredMessage[]> {
  if (fromSeq < chain.firstSeq && fromSeq > 0) throw removedError(chain);
  const found: StoredMessage[] = [];
  for (const segment of chain.segments) {
    if (found.length >= limit) break;
    if (segment.lastSeq !== undefined && segment.lastSeq < fromSeq) continue;
    const range = { segment, fromSeq: Math.max(fromSeq, segment.firstSeq), filter };
    found.push(...(await readSegment(connection, range, limit - found.length)));
  }
  return found;
}

type Range = { readonly segment: Segment; readonly fromSeq: number; readonly filter: string };

async function readSegment(
  connection: NatsConnection,
  { segment, fromSeq, filter }: Range,
  limit: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  let seq = fromSeq;
  while (found.length < limit) {
    const batch = Math.min(PAGE, limit - found.length);
    const page = await directGet(connection, segment.stream, {
      seq,
      next_by_subj: filter,
      // With a batch of one the server does not say that it is done.
      batch: Math.max(2, batch),
      max_bytes: PAGE_BYTES,
    });
    found.push(...page.messages.slice(0, batch));
    const last = page.messages.at(-1);
    if (last === undefined || page.pending === 0) break;
    seq = last.seq + 1;
  }
  if (segment.lastSeq === undefined) return found;
  // A replica that lags may lack the end of a segment; going on in the next one would leave events out.
  return found.length >= limit
    ? found
    : [
        ...found,
        ...(await rest(
          connection,
          { segment, fromSeq: (found.at(-1)?.seq ?? fromSeq - 1) + 1, filter },
          limit - found.length,
        )),
      ];
}

async function rest(
  connection: NatsConnection,
  { segment, fromSeq, filter }: Range,
  limit: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let seq = fromSeq; found.length < limit; ) {
    const next = await leaderGet(
      { connection, stream: segment.stream },
      { seq, next_by_subj: filter },
    );
    if (next === undefined) break;
    found.push(next);
    seq = next.seq + 1;
  }
  return found;
}

/** The message at a sequence as the leader of its segment has it; `undefined` where there is none. */
export async function getFromLog(
  connection: NatsConnection,
  seq: number,
): Promise<StoredMessage | undefined> {
  const log = chainOf(connection);
  return await log.over(await log.confirmed(), async (chain) => {
    const segment = segmentOf(chain, seq);
    return segment && (await leaderGet({ connection, stream: segment.stream }, { seq }));
  });
}
