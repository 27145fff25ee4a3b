/**
 * The log as a chain of streams `EVENTS-<n>`, each beginning where the one before it ended. Only the last one takes
 * events; the others never change.
 *
 * Invariants:
 * 1. What is kept of a segment that is no longer the last one holds for ever; it is asked for again after each
 *    reconnection only because a cluster that was restarted as a whole may show less than it has for a while.
 * 2. `confirmed` never resolves with a chain that had a newer segment when it was called.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import { isFault, jetStreamCodes, toLogError } from './jetstream-api.ts';
import { segmentStream, SEGMENT_PREFIX } from './segment-names.ts';
import {
  type Chain,
  describeSegment,
  type Place,
  removedError,
  type Segment,
  segmentNumbers,
  takesEvents,
  toSegment,
} from './segments.ts';
import { leaderGet, type StreamStatus } from './stored-messages.ts';

const chains = new WeakMap<NatsConnection, SegmentChain>();

/** The chain as it is seen on a connection. */
export function chainOf(connection: NatsConnection): SegmentChain {
  let chain = chains.get(connection);
  if (chain === undefined) {
    chain = new SegmentChain(connection);
    chains.set(connection, chain);
  }
  return chain;
}

/** Last sequences of subjects in segments that do not change any more. */
type Sealed = { readonly through: number; readonly lastSeq: number };
const MAX_SEALED = 100_000;

export class SegmentChain {
  readonly #connection: NatsConnection;
  readonly #sealed = new Map<string, Sealed>();
  #known: Chain | undefined;
  /** The connection was not lost since the chain was read. */
  #current = false;
  #refreshing: Promise<Chain> | undefined;
  #confirming: Promise<Chain> | undefined;
  #next: Promise<Chain> | undefined;
  #headStatus: StreamStatus | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    watchOf(connection).onReconnect(() => {
      this.#current = false;
    });
  }

  /** What was seen last, without asking. */
  get known(): Chain | undefined {
    return this.#known;
  }

  /** The chain as it was seen at some time; throws `LOG_UNAVAILABLE`. */
  async current(): Promise<Chain> {
    return this.#known ?? (await this.refresh());
  }

  /** Asks the broker for the chain; calls at the same time share one answer. */
  refresh(): Promise<Chain> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** The chain as it is now or was after this call; at most one question is on its way and one waits. */
  confirmed(): Promise<Chain> {
    if (this.#confirming === undefined) return this.#confirm();
    this.#next ??= this.#confirming.then(
      () => this.#confirmNext(),
      () => this.#confirmNext(),
    );
    return this.#next;
  }

  /** The state of the last segment, not older than the call, and its chain. */
  async headStatus(): Promise<{ readonly chain: Chain; readonly status: StreamStatus }> {
    const chain = await this.confirmed();
    const status = this.#headStatus;
    if (status !== undefined) return { chain, status };
    throw new WritError('LOG_UNAVAILABLE', `\`${chain.head.stream}\` does not say how far it is`);
  }

  /** Does what needs the chain; once more when a segment was removed meanwhile. */
  async over<T>(chain: Chain, work: (chain: Chain) => Promise<T>): Promise<T> {
    try {
      return await work(chain);
    } catch (error) {
      if (!isFault(error, jetStreamCodes.streamNotFound)) throw error;
      return await work(await this.#read());
    }
  }

  /** The last sequence of a subject in all segments before the last one; 0 where there is none. */
  async lastSealed(subject: string, chain: Chain): Promise<number> {
    const now = this.#current ? chain : await this.refresh();
    return await this.over(now, (seen) => this.#lastSealed(subject, seen));
  }

  async #lastSealed(subject: string, chain: Chain): Promise<number> {
    const older = chain.segments.slice(0, -1);
    const through = chain.head.number - 1;
    const known = this.#sealed.get(subject);
    if (known?.through === through) return known.lastSeq;
    for (const { number, stream } of older.toReversed()) {
      if (known !== undefined && number <= known.through) break;
      const last = await leaderGet(
        { connection: this.#connection, stream },
        { last_by_subj: subject },
      );
      if (last !== undefined) return this.#keep(subject, { through, lastSeq: last.seq });
    }
    if (known !== undefined) return this.#keep(subject, { through, lastSeq: known.lastSeq });
    if (chain.firstSeq > 1) throw removedError(chain);
    return this.#keep(subject, { through, lastSeq: 0 });
  }

  #keep(subject: string, sealed: Sealed): number {
    if (this.#sealed.size >= MAX_SEALED) {
      const oldest = this.#sealed.keys().next().value;
      if (oldest !== undefined) this.#sealed.delete(oldest);
    }
    this.#sealed.set(subject, sealed);
    return sealed.lastSeq;
  }

  #confirmNext(): Promise<Chain> {
    this.#next = undefined;
    return this.#confirm();
  }

  #confirm(): Promise<Chain> {
    this.#confirming = this.#askHead().finally(() => {
      this.#confirming = undefined;
    });
    return this.#confirming;
  }

  async #askHead(): Promise<Chain> {
    const known = this.#known;
    if (known === undefined) return await this.#read();
    try {
      const found = await describeSegment(this.#connection, known.head.number);
      // A segment that was removed may have been put back.
      if (!takesEvents(found) || !known.head.open || known.firstSeq > 1) return await this.#read();
      this.#headStatus = found.status;
      return this.#known ?? known;
    } catch (error) {
      if (isFault(error, jetStreamCodes.streamNotFound)) return await this.#read();
      throw toLogError(error, known.head.stream);
    }
  }

  async #read(): Promise<Chain> {
    try {
      const places = await this.#places();
      const segments = places.map((place, index) => toSegment(place, places[index + 1]?.beginsAt));
      const first = segments[0]?.number ?? 1;
      const missing = segments.findIndex(({ number }, index) => number !== first + index);
      if (missing > 0)
        throw new WritError(
          'LOG_UNAVAILABLE',
          `segment ${first + missing} of the log is missing; restore it from its archive`,
        );
      const head = segments.at(-1);
      if (head === undefined)
        throw new WritError(
          'LOG_UNAVAILABLE',
          `there is no stream \`${segmentStream(1)}\`; run \`writ streams apply\``,
        );
      this.#headStatus = places.at(-1)?.found?.status;
      this.#current = true;
      this.#known = { segments, head, firstSeq: segments[0]?.firstSeq ?? 1 };
      return this.#known;
    } catch (error) {
      throw toLogError(error, `${SEGMENT_PREFIX}*`);
    }
  }

  /** What the broker has, oldest first; what is certain is not asked for again. */
  async #places(): Promise<readonly Place[]> {
    const certain = new Map<number, Segment>();
    // Servers may have been restarted while the connection was away.
    for (const segment of this.#current ? (this.#known?.segments ?? []) : [])
      if (segment.lastSeq !== undefined) certain.set(segment.number, segment);
    const numbers = await segmentNumbers(this.#connection);
    const places = await Promise.all(
      numbers.map(async (number): Promise<Place> => {
        const known = certain.get(number);
        if (known !== undefined) return { number, beginsAt: known.firstSeq, known };
        const found = await describeSegment(this.#connection, number);
        return { number, beginsAt: found.beginsAt, found };
      }),
    );
    // One that is being filled from its archive is no part of the log until it is whole.
    return places.filter(({ found }) => found?.metadata['writ.restoring'] === undefined);
  }
}
