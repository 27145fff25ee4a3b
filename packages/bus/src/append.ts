/**
 * Appending to the log. Owns the fate of one append from encoding to a certain answer.
 *
 * Invariants:
 * 1. Every aggregate's first message of an append carries the exact-subject expectation, so whatever is sent twice is
 *    stored at most once.
 * 2. No answer is given on a doubt: a result that may or may not be stored is settled by reading the leader.
 * 3. Stored means: the messages after the expected sequence are byte for byte ours.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { ingestSubject, WritError } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import {
  encodeEvent,
  type EncodedEvent,
  type NewEvent,
  type StoredMessage,
} from './event-codec.ts';
import { headerIn } from './header-block.ts';
import { isFault, jetStreamCodes, toLogError } from './jetstream-api.ts';
import {
  DuplicateError,
  isTooLarge,
  type Outgoing,
  publishOnce,
  type PublishResult,
} from './publish.ts';
import { Semaphore } from './semaphore.ts';
import { leaderGet } from './stored-messages.ts';

/** The events of one aggregate in one append, and the sequence its subject must still be at (0: nothing there yet). */
export type AggregateWrite = {
  readonly subject: string;
  readonly expectedLastSeq: number;
  readonly events: readonly NewEvent[];
};

export type Appended = {
  readonly events: { readonly id: string; readonly type: string; readonly seq: number }[];
  /** The sequence of the last event stored. */
  readonly lastSeq: number;
};

export type AppendSettings = {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly ingest: string;
  readonly source: string;
  readonly timeoutMs: number;
};

/** The server takes 50 open batches per stream from everybody together. */
const OPEN_BATCHES = 16;
const TRY_TIMEOUT_MS = 2000;

type Entry = Outgoing & { readonly event: EncodedEvent; readonly publicSubject: string };
/** What a look at the log says: our last sequence, somebody else's event, nothing new, or no answer. */
type Fate = number | 'others' | 'none' | 'unknown';

export class Appender {
  readonly #settings: AppendSettings;
  readonly #batches = new Semaphore(OPEN_BATCHES);

  constructor(settings: AppendSettings) {
    this.#settings = settings;
  }

  /** Stores all events or none; throws `VERSION_CONFLICT`, `LOG_UNAVAILABLE` (fate unknown), `LOG_FULL`, `BODY_TOO_LARGE`. */
  async append(writes: readonly AggregateWrite[]): Promise<Appended> {
    const entries = this.#encode(writes);
    const expected = writes[0]?.expectedLastSeq ?? 0;
    const lastSeq =
      entries.length === 1
        ? await this.#settle(entries, expected)
        : await this.#batches.run(() => this.#settle(entries, expected));
    const firstSeq = lastSeq - entries.length + 1;
    return {
      events: entries.map(({ event }, i) => ({
        id: event.id,
        type: event.type,
        seq: firstSeq + i,
      })),
      lastSeq,
    };
  }

  #encode(writes: readonly AggregateWrite[]): Entry[] {
    const { ingest, source } = this.#settings;
    if (new Set(writes.map((write) => write.subject)).size !== writes.length)
      throw new WritError(
        'INTERNAL',
        'an append names one aggregate twice; put its events into one write',
      );
    return writes.flatMap(({ subject, expectedLastSeq, events }) => {
      if (events.length === 0)
        throw new WritError('INTERNAL', `the write to \`${subject}\` has no events`);
      const guard = `Nats-Expected-Last-Subject-Sequence: ${expectedLastSeq}\r\n`;
      return events.map((event, index) => {
        const encoded = encodeEvent(event, subject, source);
        const headers = index === 0 ? encoded.headers + guard : encoded.headers;
        return {
          subject: ingestSubject(ingest, subject),
          publicSubject: subject,
          headers,
          body: encoded.body,
          event: encoded,
        };
      });
    });
  }

  async #settle(entries: readonly Entry[], expected: number): Promise<number> {
    const deadline = Date.now() + this.#settings.timeoutMs;
    let doubt = false;
    for (let tries = 1; ; tries++) {
      await watchOf(this.#settings.connection).untilConnected(timeLeft(deadline));
      const result = await publishOnce(
        { connection: this.#settings.connection, timeoutMs: timeLeft(deadline) },
        entries,
      );
      if (result.kind === 'stored') return result.seq;
      doubt ||= result.kind === 'unclear' || isRepeat(result.error);
      if (!doubt) throw this.#refusal(result, entries);
      const fate = await this.#lookBack(entries, { expected, timeoutMs: timeLeft(deadline) });
      if (typeof fate === 'number') return fate;
      if (fate === 'others' || (fate === 'none' && isFinal(result)))
        throw this.#refusal(result, entries);
      if (Date.now() >= deadline) throw toLogError(result.error, this.#settings.stream);
      await wait(Math.min(500, 10 * 2 ** tries) * (0.5 + Math.random()));
    }
  }

  #refusal(result: NotStored, entries: readonly Entry[]): WritError {
    if (result.kind !== 'refused') return conflict(entries, result.error);
    if (isTooLarge(result.error))
      return new WritError(
        'BODY_TOO_LARGE',
        'the event is larger than the bus takes; shorten its text',
        { cause: result.error },
      );
    return toLogError(result.error, this.#settings.stream);
  }

  /** Reads what stands after the expected sequence: by invariant 1 it is ours as a whole, or never will be. */
  async #lookBack(
    entries: readonly Entry[],
    { expected, timeoutMs }: { readonly expected: number; readonly timeoutMs: number },
  ): Promise<Fate> {
    const [first] = entries;
    if (first === undefined) return 'none';
    const from = {
      connection: this.#settings.connection,
      stream: this.#settings.stream,
      timeoutMs,
    };
    await watchOf(from.connection).untilConnected(timeoutMs);
    try {
      const found = await leaderGet(from, { seq: expected + 1, next_by_subj: first.publicSubject });
      if (found === undefined) return 'none';
      if (!isSame(found, first)) return 'others';
      for (const [index, entry] of entries.entries()) {
        if (index === 0) continue;
        const next = await leaderGet(from, { seq: found.seq + index });
        if (next === undefined || !isSame(next, entry)) return 'others';
      }
      return found.seq + entries.length - 1;
    } catch {
      return 'unknown';
    }
  }
}

function timeLeft(deadline: number): number {
  return Math.max(50, Math.min(TRY_TIMEOUT_MS, deadline - Date.now()));
}

type NotStored = Exclude<PublishResult, { kind: 'stored' }>;

/** The broker saw the message id before: perhaps our own earlier try, perhaps the same event by somebody else. */
function isRepeat(error: unknown): boolean {
  return error instanceof DuplicateError || isFault(error, jetStreamCodes.batchDuplicate);
}

/** With nothing new on the subject, only a writer in flight can still change what this answer meant. */
function isFinal(result: NotStored): boolean {
  return (
    result.kind === 'refused' ||
    (result.kind === 'conflict' && !isFault(result.error, jetStreamCodes.wrongLastSequenceInFlight))
  );
}

function isSame(stored: StoredMessage, sent: Entry): boolean {
  return (
    stored.subject === sent.publicSubject &&
    headerIn(stored.headers, 'ce-id') === sent.event.id &&
    headerIn(stored.headers, 'ce-time') === sent.event.time &&
    Buffer.compare(stored.data, sent.body) === 0
  );
}

function conflict(entries: readonly Entry[], cause: unknown): WritError {
  const subjects = [...new Set(entries.map((entry) => `\`${entry.publicSubject}\``))].join(', ');
  return new WritError(
    'VERSION_CONFLICT',
    `others wrote to ${subjects} at the same time; fold again and decide again`,
    { cause },
  );
}
