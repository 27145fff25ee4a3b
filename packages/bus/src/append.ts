/**
 * Appending to the log. Owns the fate of one append from encoding to a certain answer.
 *
 * Invariants:
 * 1. Every aggregate's first message of an append carries the exact-subject expectation, so whatever is sent twice is
 *    stored at most once.
 * 2. No answer is given on a doubt: a result that may or may not be stored is settled by reading the leader.
 * 3. Stored means: the messages after the expected sequence are byte for byte ours.
 * 4. Every message goes to the subject of the segment it is meant for, so none is stored in another one. Where the expected sequence
 *    lies in an older segment, which does not change any more, that is compared first and the new one must have nothing.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import {
  encodeEvent,
  type EncodedEvent,
  type NewEvent,
  type StoredMessage,
} from './event-codec.ts';
import { headerIn } from './header-block.ts';
import { isFault, jetStreamCodes, toLogError } from './jetstream-api.ts';
import { RequestTimeoutError } from './request-mux.ts';
import { chainOf, type SegmentChain } from './segment-chain.ts';
import { SEGMENT_PREFIX, segmentSubject } from './segment-names.ts';
import { type Chain } from './segments.ts';
import { isTooLarge, type Outgoing, publishOnce, type PublishResult } from './publish.ts';
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
  readonly cell: string;
  readonly ingest: string;
  readonly timeoutMs: number;
};

/** The server takes 50 open batches per stream from everybody together. */
const OPEN_BATCHES = 16;
const TRY_TIMEOUT_MS = 2000;
/** The next segment is there after some dozens of milliseconds. */
const ROLLING_PAUSE_MS = 20;

type Entry = Outgoing & { readonly event: EncodedEvent; readonly publicSubject: string };
/** What a look at the log says: our last sequence, somebody else's event, nothing new, or no answer. */
type Fate = number | 'others' | 'none' | 'unknown';

export class Appender {
  readonly #settings: AppendSettings;
  readonly #chain: SegmentChain;
  readonly #batches = new Semaphore(OPEN_BATCHES);

  constructor(settings: AppendSettings) {
    this.#settings = settings;
    this.#chain = chainOf(settings.connection);
  }

  /** Stores all events or none; throws `VERSION_CONFLICT`, `LOG_UNAVAILABLE` (fate unknown), `LOG_FULL`, `BODY_TOO_LARGE`. */
  async append(writes: readonly AggregateWrite[]): Promise<Appended> {
    checkWrites(writes);
    const { entries, lastSeq } =
      writes.length === 1 && writes[0]?.events.length === 1
        ? await this.#settle(writes)
        : await this.#batches.run(() => this.#settle(writes));
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

  async #settle(writes: readonly AggregateWrite[]): Promise<Settled> {
    const watch = watchOf(this.#settings.connection);
    const deadline = Date.now() + this.#settings.timeoutMs;
    const expected = writes[0]?.expectedLastSeq ?? 0;
    let doubt = false;
    for (let tries = 1; ; tries++) {
      if (!watch.connected) await watch.untilConnected(timeLeft(deadline));
      const { result, entries } = await this.#try(writes, deadline);
      if (result.kind === 'stored') return { entries, lastSeq: result.seq };
      doubt ||= result.kind === 'unclear';
      if (result.kind !== 'elsewhere' && !doubt) throw this.#refusal(result, entries);
      if (doubt) {
        const fate = await this.#lookBack(entries, { expected, timeoutMs: timeLeft(deadline) });
        if (typeof fate === 'number') return { entries, lastSeq: fate };
        if (fate === 'others' || (fate === 'none' && isFinal(result)))
          throw this.#refusal(result, entries);
      }
      if (Date.now() >= deadline) throw toLogError(result.error, `${SEGMENT_PREFIX}*`);
      const isRolling = result.kind === 'elsewhere';
      const pauseMs = isRolling ? ROLLING_PAUSE_MS : Math.min(500, 10 * 2 ** tries);
      await wait(pauseMs * (0.5 + Math.random()));
      if (isRolling) await within(timeLeft(deadline), this.#chain.refresh()).catch(() => undefined);
    }
  }

  /** Sends the events to the segment that takes events now, with the expectations that hold there. */
  async #try(
    writes: readonly AggregateWrite[],
    deadline: number,
  ): Promise<{ readonly result: PublishResult; readonly entries: readonly Entry[] }> {
    const { connection } = this.#settings;
    let chain: Chain;
    try {
      chain = this.#chain.known ?? (await within(timeLeft(deadline), this.#chain.current()));
    } catch (error) {
      return { result: { kind: 'elsewhere', error }, entries: this.#encode(writes, undefined) };
    }
    const entries = this.#encode(writes, chain);
    if (!chain.head.open) {
      const error = new Error('the log is being rolled over');
      return { result: { kind: 'elsewhere', error }, entries };
    }
    try {
      if (
        chain.head.firstSeq > 1 &&
        (await within(deadline - Date.now(), this.#movedBefore(writes, chain)))
      ) {
        const error = new Error('the aggregate went on in an older segment');
        return { result: { kind: 'conflict', error }, entries };
      }
    } catch (error) {
      return {
        result: { kind: error instanceof WritError ? 'refused' : 'elsewhere', error },
        entries,
      };
    }
    const timeoutMs = timeLeft(deadline);
    return { result: await publishOnce({ connection, timeoutMs }, entries), entries };
  }

  /** Whether an older segment has another last sequence of an aggregate than the write expects. */
  async #movedBefore(writes: readonly AggregateWrite[], chain: Chain): Promise<boolean> {
    for (const { subject, expectedLastSeq } of writes)
      if (
        expectedLastSeq < chain.head.firstSeq &&
        (await this.#chain.lastSealed(subject, chain)) !== expectedLastSeq
      )
        return true;
    return false;
  }

  #encode(writes: readonly AggregateWrite[], chain: Chain | undefined): Entry[] {
    const { cell, ingest } = this.#settings;
    const head = chain?.head;
    const source = `/writ/${cell}/${head?.number ?? 0}`;
    return writes.flatMap(({ subject, expectedLastSeq, events }) => {
      const here = expectedLastSeq >= (head?.firstSeq ?? 0) ? expectedLastSeq : 0;
      const guard = `Nats-Expected-Last-Subject-Sequence: ${here}\r\n`;
      return events.map((event, index) => {
        const encoded = encodeEvent(event, source);
        return {
          subject: segmentSubject(ingest, subject, head?.number ?? 1),
          publicSubject: subject,
          headers: index === 0 ? encoded.headers + guard : encoded.headers,
          body: encoded.body,
          event: encoded,
        };
      });
    });
  }

  #refusal(result: NotStored, entries: readonly Entry[]): WritError {
    if (result.kind !== 'refused') return conflict(entries, result.error);
    if (isTooLarge(result.error))
      return new WritError(
        'BODY_TOO_LARGE',
        'the event is larger than the bus takes; shorten its text',
        { cause: result.error },
      );
    return toLogError(result.error, this.#chain.known?.head.stream ?? SEGMENT_PREFIX);
  }

  /** Reads what stands after the expected sequence: by invariant 1 it is ours as a whole, or never will be. */
  async #lookBack(
    entries: readonly Entry[],
    { expected, timeoutMs }: { readonly expected: number; readonly timeoutMs: number },
  ): Promise<Fate> {
    const [first] = entries;
    if (first === undefined) return 'none';
    const { connection } = this.#settings;
    await watchOf(connection).untilConnected(timeoutMs);
    try {
      const chain = await within(timeoutMs, this.#chain.confirmed());
      for (const segment of chain.segments) {
        if (segment.lastSeq !== undefined && segment.lastSeq <= expected) continue;
        const from = { connection, stream: segment.stream, timeoutMs };
        const seq = Math.max(segment.firstSeq, expected + 1);
        const found = await leaderGet(from, { seq, next_by_subj: first.publicSubject });
        if (found === undefined) continue;
        if (!isSame(found, first)) return 'others';
        for (const [index, entry] of entries.entries()) {
          if (index === 0) continue;
          const next = await leaderGet(from, { seq: found.seq + index });
          if (next === undefined || !isSame(next, entry)) return 'others';
        }
        return found.seq + entries.length - 1;
      }
      return chain.head.open ? 'none' : 'unknown';
    } catch {
      return 'unknown';
    }
  }
}

type Settled = { readonly entries: readonly Entry[]; readonly lastSeq: number };

function checkWrites(writes: readonly AggregateWrite[]): void {
  if (new Set(writes.map((write) => write.subject)).size !== writes.length)
    throw new WritError(
      'INTERNAL',
      'an append names one aggregate twice; put its events into one write',
    );
  for (const { subject, events } of writes)
    if (events.length === 0)
      throw new WritError('INTERNAL', `the write to \`${subject}\` has no events`);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new RequestTimeoutError('no answer came in time')),
    ms,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function timeLeft(deadline: number): number {
  return Math.max(50, Math.min(TRY_TIMEOUT_MS, deadline - Date.now()));
}

type NotStored = Exclude<PublishResult, { kind: 'stored' }>;

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
