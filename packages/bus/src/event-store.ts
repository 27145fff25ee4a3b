/** The log of a cell: loading and appending by aggregate, reading and following by sequence. */
import type { NatsConnection } from '@nats-io/nats-core';
import { loadFromLog } from './aggregate-load.ts';
import { Appender, type AggregateWrite, type Appended } from './append.ts';
import { roleOf } from './connect.ts';
import { watchOf } from './connection-watch.ts';
import { decodeEvent, type Decoding, type StoredEvent, type StoredMessage } from './event-codec.ts';
import { toLogError } from './jetstream-api.ts';
import { followLog } from './log-follower.ts';
import { type LogStatus, readLog, statusOfLog } from './log-reader.ts';
import { chainOf, type SegmentChain } from './segment-chain.ts';
import { segmentStream } from './segment-names.ts';
import { leaderGet } from './stored-messages.ts';
import type { BatchPosition, Follower, FollowSettings } from './following.ts';

export type EventStoreOptions = {
  readonly connection: NatsConnection;
  readonly cell: string;
  readonly ingest: string;
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
  /** The segment that takes events, as far as this store knows; it moves on when the log is rolled over. */
  readonly segment: number;
  /** The stream of that segment. */
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
  status(): Promise<LogStatus>;
  /** Calls back each time the connection is lost: a broker that failed may come back without the end of the log. */
  onLost(callback: () => void): void;
}

/** Opens the log on a connection; nothing is asked of the broker yet. */
export function openEventStore(options: EventStoreOptions): EventStore {
  return new JetStreamEventStore(options);
}

class JetStreamEventStore implements EventStore {
  readonly cell: string;
  readonly #connection: NatsConnection;
  readonly #chain: SegmentChain;
  readonly #appender: Appender;
  readonly #decoding: Decoding;

  constructor({ connection, cell, ingest, appendTimeoutMs = 10_000 }: EventStoreOptions) {
    this.cell = cell;
    this.#connection = connection;
    this.#chain = chainOf(connection);
    const reader = roleOf(connection);
    this.#decoding = reader === undefined ? {} : { reader };
    this.#appender = new Appender({ connection, cell, ingest, timeoutMs: appendTimeoutMs });
  }

  get segment(): number {
    return this.#chain.known?.head.number ?? 1;
  }

  get stream(): string {
    return segmentStream(this.segment);
  }

  append(writes: readonly AggregateWrite[]): Promise<Appended> {
    return this.#appender.append(writes);
  }

  async load(subject: string, afterSeq = 0): Promise<{ events: StoredEvent[]; lastSeq: number }> {
    return await this.#guard(async () => {
      const { messages, lastSeq } = await loadFromLog(this.#connection, { subject, afterSeq });
      return { events: this.#decode(messages), lastSeq };
    });
  }

  async lastSequence(subject: string): Promise<number> {
    return await this.#guard(async () => {
      for (let chain = await this.#chain.current(); ; ) {
        const { number, stream, firstSeq } = chain.head;
        const [last, confirmed] = await Promise.all([
          leaderGet({ connection: this.#connection, stream }, { last_by_subj: subject }),
          this.#chain.confirmed(),
        ]);
        chain = confirmed;
        if (chain.head.number !== number) continue;
        if (last !== undefined) return last.seq;
        return firstSeq === 1 ? 0 : await this.#chain.lastSealed(subject, chain);
      }
    });
  }

  async read(query: ReadQuery): Promise<StoredEvent[]> {
    return await this.#guard(async () => this.#decode(await readLog(this.#connection, query)));
  }

  follow({ onEvents, ...settings }: FollowEvents): Follower {
    return followLog({
      ...settings,
      connection: this.#connection,
      onMessages: (batch, at) => onEvents(this.#decode(batch), at),
    });
  }

  async status(): Promise<LogStatus> {
    return await this.#guard(() => statusOfLog(this.#connection));
  }

  onLost(callback: () => void): void {
    watchOf(this.#connection).onLost(callback);
  }

  #decode(messages: readonly StoredMessage[]): StoredEvent[] {
    return messages.map((message) => decodeEvent(message, this.#decoding));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toLogError(error, this.stream);
    }
  }
}
