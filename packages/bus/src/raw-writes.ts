/**
 * Storing messages of an archive again.
 *
 * Invariants:
 * 1. Nothing is stored twice and nothing out of order, whatever is sent twice or lost: a batch is bound to the last
 *    sequence of each of its aggregates, a single message to the last sequence of its stream.
 * 2. No answer is given on a doubt: what may or may not be stored is settled by reading the leader.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { headerIn, type HeaderLine, headerText } from './header-block.ts';
import { askJetStream, toLogError } from './jetstream-api.ts';
import { type Outgoing, publishOnce, type PublishResult } from './publish.ts';
import type { RawMessage } from './raw-messages.ts';
import { segmentNumber, segmentSubject } from './segment-names.ts';
import { leaderGet, streamStatus } from './stored-messages.ts';

export type RawTarget = {
  /** Of a user who may publish to the stream's subjects: the operator. */
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly ingest: string;
};

const TRY_TIMEOUT_MS = 10_000;
const PATIENCE_MS = 60_000;
/** Unacknowledged singles at a time. */
const WINDOW = 256;

/** Makes a stream whose first message will have this sequence. Throws `LOG_UNAVAILABLE`, or `INTERNAL` with the broker's reason. */
export async function createStreamAt(
  connection: NatsConnection,
  declared: { readonly name: string },
  firstSeq: number,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await askJetStream(connection, `STREAM.CREATE.${declared.name}`, {
        ...declared,
        first_seq: firstSeq,
      });
      return;
    } catch (error) {
      // A cluster that just started elects its leaders first.
      if (Date.now() >= deadline || hasReason(error)) throw toLogError(error, declared.name);
    }
    await wait(200);
  }
}

/** Deletes a stream that never held anything; false, and nothing done, when it did. */
export async function deleteUnused(connection: NatsConnection, stream: string): Promise<boolean> {
  try {
    const { lastSeq, messages } = await streamStatus(connection, stream);
    if (lastSeq > 0 || messages > 0) return false;
    await askJetStream(connection, `STREAM.DELETE.${stream}`, undefined);
    return true;
  } catch (error) {
    throw toLogError(error, stream);
  }
}

function hasReason(error: unknown): boolean {
  return (
    error instanceof Error &&
    'status' in error &&
    Number(error.status) >= 400 &&
    Number(error.status) < 500
  );
}

/**
 * Stores messages as one atomic batch, all or none, and returns the sequence of the last one; they take consecutive
 * sequences. `lastSeqOf` says what each aggregate must still be at. Throws `VERSION_CONFLICT` when it is not.
 */
export async function storeRawBatch(
  target: RawTarget,
  messages: readonly RawMessage[],
  lastSeqOf: (subject: string) => number,
): Promise<number> {
  const { connection, stream } = target;
  const guarded = new Set<string>();
  const outgoing = messages.map((message) => {
    const first = !guarded.has(message.subject);
    guarded.add(message.subject);
    const guard: HeaderLine[] = first
      ? [['Nats-Expected-Last-Subject-Sequence', String(lastSeqOf(message.subject))]]
      : [];
    return outgoingOf(target, message, guard);
  });
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const result = await publishOnce({ connection, timeoutMs: TRY_TIMEOUT_MS }, outgoing);
    if (result.kind === 'stored') return result.seq;
    if (result.kind === 'refused') throw toLogError(result.error, stream);
    const found = await lookBack(target, messages, lastSeqOf);
    if (found !== undefined) return found;
    if (Date.now() >= deadline) throw failureOf(target, result);
    await wait(100 + Math.random() * 100);
  }
}

/** Where the batch ends if it is stored; `undefined` if it is not; throws when something else stands in its place. */
async function lookBack(
  { connection, stream }: RawTarget,
  messages: readonly RawMessage[],
  lastSeqOf: (subject: string) => number,
): Promise<number | undefined> {
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  try {
    const query = { seq: lastSeqOf(first.subject) + 1, next_by_subj: first.subject };
    const found = await leaderGet({ connection, stream }, query);
    if (found === undefined) return undefined;
    const end = await leaderGet({ connection, stream }, { seq: found.seq + messages.length - 1 });
    if (end !== undefined && isSame(found, first) && isSame(end, last)) return end.seq;
  } catch {
    // No answer: the next try will tell.
    return undefined;
  }
  throw new WritError(
    'VERSION_CONFLICT',
    `something else was written to \`${first.subject}\` meanwhile`,
  );
}

function isSame(
  stored: { readonly subject: string; readonly headers: string; readonly data: Uint8Array },
  sent: RawMessage,
): boolean {
  const id = sent.headers.find(([name]) => name === 'ce-id')?.[1];
  return (
    stored.subject === sent.subject &&
    headerIn(stored.headers, 'ce-id') === id &&
    Buffer.compare(stored.data, sent.body) === 0
  );
}

/** Stores messages at exactly the sequences that they have; the stream must end right before the first. */
export async function storeAtSequences(
  target: RawTarget,
  messages: readonly RawMessage[],
): Promise<void> {
  const { connection, stream } = target;
  let deadline = Date.now() + PATIENCE_MS;
  for (let at = 0; at < messages.length; ) {
    const window = messages.slice(at, at + WINDOW);
    const results = await Promise.all(
      window.map((message) => {
        const guard: HeaderLine = ['Nats-Expected-Last-Sequence', String(message.seq - 1)];
        return publishOnce({ connection, timeoutMs: TRY_TIMEOUT_MS }, [
          outgoingOf(target, message, [guard]),
        ]);
      }),
    );
    if (results.every((result, i) => result.kind === 'stored' && result.seq === window[i]?.seq)) {
      at += window.length;
      deadline = Date.now() + PATIENCE_MS;
      continue;
    }
    const refused = results.find((result) => result.kind === 'refused');
    if (refused?.kind === 'refused') throw toLogError(refused.error, stream);
    const next = await placeAfterEnd(target, window);
    if (next !== undefined && next > 0) deadline = Date.now() + PATIENCE_MS;
    at += next ?? 0;
    if (Date.now() >= deadline)
      throw failureOf(
        target,
        results.find((result) => result.kind !== 'stored'),
      );
    await wait(100);
  }
}

/** How many of the window are stored, by where the stream ends; `undefined` without an answer. */
async function placeAfterEnd(
  { connection, stream }: RawTarget,
  window: readonly RawMessage[],
): Promise<number | undefined> {
  let lastSeq: number;
  try {
    ({ lastSeq } = await streamStatus(connection, stream));
  } catch {
    return undefined;
  }
  const [first, last] = [window[0]?.seq ?? 0, window.at(-1)?.seq ?? 0];
  if (lastSeq > last || lastSeq < first - 1)
    throw new WritError(
      'VERSION_CONFLICT',
      `\`${stream}\` ends at ${lastSeq}, but ${first} was to be stored next; is something else writing to it?`,
    );
  return window.filter((message) => message.seq <= lastSeq).length;
}

function failureOf({ stream }: RawTarget, result: PublishResult | undefined): WritError {
  return toLogError(
    result !== undefined && 'error' in result ? result.error : new Error('no answer'),
    stream,
  );
}

const INGESTED: ReadonlySet<string> = new Set(['evt', 'dec', 'ops']);

function outgoingOf(
  { ingest, stream }: RawTarget,
  message: RawMessage,
  guard: readonly HeaderLine[],
): Outgoing {
  const { subject, messageId, headers, body } = message;
  const [root, , kind = ''] = subject.split('.', 3);
  const id: HeaderLine[] = messageId === null ? [] : [['Nats-Msg-Id', messageId]];
  const lines = [...headers.map(fromBytes), ...id, ...guard];
  const inside = root === 'writ' && INGESTED.has(kind);
  return {
    subject: inside ? segmentSubject(ingest, subject, segmentNumber(stream) ?? 1) : subject,
    headers: headerText(lines),
    body,
  };
}

/** Header values are held byte by byte; they are sent as UTF-8. */
function fromBytes([name, value]: HeaderLine): HeaderLine {
  return [name, Buffer.from(value, 'latin1').toString('utf8')];
}
