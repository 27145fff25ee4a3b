/**
 * Loading the events of one aggregate. A stream finds the next message of a subject by scanning its blocks, which takes
 * longer the longer the log is. But each append states the sequence its aggregate was at, and that stays with the
 * message: so the events are walked backwards from the last one, and only a long way back is left to a scan.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import type { StoredMessage } from './event-codec.ts';
import { headerIn } from './header-block.ts';
import { chainOf } from './segment-chain.ts';
import { type Chain, removedError } from './segments.ts';
import { directGet, leaderGet } from './stored-messages.ts';

export type LoadQuery = {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly subject: string;
  readonly afterSeq: number;
};

/** Steps back before the rest is scanned for: about what a scan of a day's log costs. */
const MAX_STEPS = 64;
const PAGE = 1000;
const PAGE_BYTES = 16 * 1024 * 1024;

export type Loaded = { readonly messages: StoredMessage[]; readonly lastSeq: number };

/** The messages of an aggregate after a sequence, from all segments that have some. */
export async function loadFromLog(
  connection: NatsConnection,
  { subject, afterSeq }: { readonly subject: string; readonly afterSeq: number },
): Promise<Loaded> {
  const log = chainOf(connection);
  for (let chain = await log.current(); ; ) {
    const { stream, number, firstSeq } = chain.head;
    const [found, confirmed] = await Promise.all([
      loadMessages({ connection, stream, subject, afterSeq }),
      log.confirmed(),
    ]);
    const rolled = confirmed.head.number !== number;
    chain = confirmed;
    if (rolled) continue;
    // What was asked for begins in the last segment: the older ones have nothing to add.
    if (firstSeq === 1 || (found.lastSeq > 0 && afterSeq >= firstSeq - 1)) return found;
    const sealedSeq = await log.lastSealed(subject, chain);
    const older = await log.over(chain, (seen) =>
      loadOlder({ connection, chain: seen, subject, afterSeq, lastSeq: sealedSeq }),
    );
    return {
      messages: [...older, ...found.messages],
      lastSeq: found.lastSeq === 0 ? sealedSeq : found.lastSeq,
    };
  }
}

type OlderQuery = Omit<LoadQuery, 'stream'> & { readonly chain: Chain; readonly lastSeq: number };

/** The messages in the segments before the last one, the newest of which is at `lastSeq`. */
async function loadOlder({ chain, lastSeq, ...query }: OlderQuery): Promise<StoredMessage[]> {
  const { afterSeq } = query;
  if (lastSeq <= afterSeq) return [];
  if (afterSeq < chain.firstSeq - 1) throw removedError(chain);
  const concerned = chain.segments.filter(
    (segment) =>
      segment.firstSeq <= lastSeq && segment.lastSeq !== undefined && segment.lastSeq > afterSeq,
  );
  const parts = await Promise.all(
    concerned.map(({ stream }) => loadMessages({ ...query, stream })),
  );
  return parts.flatMap(({ messages }) => messages);
}

/** The messages after a sequence, in order, up to the last one the leader has; `lastSeq` is that of the subject. */
export async function loadMessages(query: LoadQuery): Promise<Loaded> {
  const { connection, stream, subject, afterSeq } = query;
  const last = await leaderGet({ connection, stream }, { last_by_subj: subject });
  if (last === undefined) return { messages: [], lastSeq: 0 };
  if (last.seq <= afterSeq) return { messages: [], lastSeq: last.seq };
  const walked = [last];
  let before = previousOf(last);
  while (before > afterSeq && walked.length < MAX_STEPS) {
    const message = await leaderGet({ connection, stream }, { seq: before });
    if (message?.subject !== subject) break;
    walked.push(message);
    before = previousOf(message);
  }
  const first = walked.at(-1)?.seq ?? last.seq;
  const older = before > afterSeq ? await scan(query, first) : [];
  return { messages: [...older, ...walked.reverse()], lastSeq: last.seq };
}

/** The sequence of the aggregate's event before this one; later events of one append follow each other directly. */
function previousOf(message: StoredMessage): number {
  const stated = headerIn(message.headers, 'Nats-Expected-Last-Subject-Sequence');
  return stated === undefined ? message.seq - 1 : Number(stated);
}

/** The messages between `afterSeq` and `before` as a replica finds them, and from the leader what it lacks. */
async function scan(
  { connection, stream, subject, afterSeq }: LoadQuery,
  before: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  let seq = afterSeq + 1;
  for (;;) {
    const page = await directGet(connection, stream, {
      seq,
      next_by_subj: subject,
      batch: PAGE,
      max_bytes: PAGE_BYTES,
    });
    found.push(...page.messages.filter((message) => message.seq < before));
    const last = page.messages.at(-1);
    if (last === undefined) break;
    seq = last.seq + 1;
    if (seq > before) return found;
    if (page.pending === 0) break;
  }
  for (;;) {
    const next = await leaderGet({ connection, stream }, { seq, next_by_subj: subject });
    if (next === undefined || next.seq >= before) return found;
    found.push(next);
    seq = next.seq + 1;
  }
}
