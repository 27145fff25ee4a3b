/** The log of a cell: loading and appending by aggregate, reading and following by sequence. */
import type { NatsConnection } from '@nats-io/nats-core';
import { loadMessages } from './aggregate-load.ts';
import { Appender, type AggregateWrite, type Appended } from './append.ts';
import { decodeEvent, type StoredEvent } from './event-codec.ts';
import { toLogError } from './jetstream-api.ts';
import { directGet, leaderGet, type StreamStatus, streamStatus } from './stored-messages.ts';
import type { BatchPosition, Follower, FollowSettings } from './following.ts';
import { followStream } from './stream-follower.ts';

export type EventStoreOptions = {
  readonly connection: NatsConnection;
  readonly cell: string;
  readonly ingest: string;
  /** 1 when left out. */
  readonly segment?: number;
  /** How long an append may take to become certain; 10 s when left out. */
  readonly appendTimeoutMs?: number;
};

export type FollowEvents = FollowSettings & {
  /** Never called twice at once; a promise holds the rest back. */
  readonly onEvents: (batch: readonly StoredEvent[], at: BatchPosition) => void | Promise<void>;
};

export type ReadQuery = {
  readonly fromSeq: number;
  readonly limit: number;
  /** One subject, wildcards allowed; all when left out. */
  readonly filter?: string;
};

export interface EventStore {
  readonly cell: string;
  readonly segment: number;
  readonly stream: string;
  /** The events of an aggregate after a sequence, and the subject's last sequence as the leader knows it (0: none). */
  load(subject: string, afterSeq?: number): Promise<{ events: StoredEvent[]; lastSeq: number }>;
  /** The last sequence of a subject as the leader knows it; 0 when there is none. */
  lastSequence(subject: string): Promise<number>;
  /** Stores all events of all writes or none; see `Appender`. */
  append(writes: readonly AggregateWrite[]): Promise<Appended>;
  /** A run of the history, in order. */
  read(query: ReadQuery): Promise<StoredEvent[]>;
  /** Every event from a sequence on, for ever. */
  follow(options: FollowEvents): Follower;
  status(): Promise<StreamStatus>;
}

const PAGE = 1000;
const PAGE_BYTES = 16 * 1024 * 1024;

/** Opens the log on a connection; nothing is asked of the broker yet. */
export function openEventStore(options: EventStoreOptions): EventStore {
  return new JetStreamEventStore(options);
}

class JetStreamEventStore implements EventStore {
  readonly cell: string;
  readonly segment: number;
  readonly stream: string;
  readonly #connection: NatsConnection;
  readonly #appender: Appender;

  constructor({
    connection,
    cell,
    ingest,
    segment = 1,
    appendTimeoutMs = 10_000,
  }: EventStoreOptions) {
    this.cell = cell;
    this.segment = segment;
    this.stream = `EVENTS-${segment}`;
    this.#connection = connection;
    const source = `/writ/${cell}/${segment}`;
    this.#appender = new Appender({
      connection,
      stream: this.stream,
      ingest,
      source,
      timeoutMs: appendTimeoutMs,
    });
  }

  append(writes: readonly AggregateWrite[]): Promise<Appended> {
    return this.#appender.append(writes);
  }

  async load(subject: string, afterSeq = 0): Promise<{ events: StoredEvent[]; lastSeq: number }> {
    return await this.#guard(async () => {
      const query = { connection: this.#connection, stream: this.stream, subject, afterSeq };
      const { messages, lastSeq } = await loadMessages(query);
      return { events: messages.map(decodeEvent), lastSeq };
    });
  }

  async lastSequence(subject: string): Promise<number> {
    return await this.#guard(async () => {
      const last = await leaderGet(
        { connection: this.#connection, stream: this.stream },
        { last_by_subj: subject },
      );
      return last?.seq ?? 0;
    });
  }

  async read({ fromSeq, limit, filter }: ReadQuery): Promise<StoredEvent[]> {
    return await this.#guard(async () => {
      const events: StoredEvent[] = [];
      let seq = Math.max(1, fromSeq);
      while (events.length < limit) {
        const batch = Math.min(PAGE, limit - events.length);
        // With a batch of one the server does not say that it is done.
        const query = {
          seq,
          next_by_subj: filter ?? '>',
          batch: Math.max(2, batch),
          max_bytes: PAGE_BYTES,
        };
        const page = await directGet(this.#connection, this.stream, query);
        for (const message of page.messages.slice(0, batch)) events.push(decodeEvent(message));
        const last = page.messages.at(-1);
        if (last === undefined || page.pending === 0) break;
        seq = last.seq + 1;
      }
      return events;
    });
  }

  follow({ onEvents, ...settings }: FollowEvents): Follower {
    return followStream({
      ...settings,
      connection: this.#connection,
      stream: this.stream,
      onMessages: (batch, at) => onEvents(batch.map(decodeEvent), at),
    });
  }

  async status(): Promise<StreamStatus> {
    return await this.#guard(() => streamStatus(this.#connection, this.stream));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toLogError(error, this.stream);
    }
  }
}
