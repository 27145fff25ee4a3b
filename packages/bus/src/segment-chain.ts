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
import { askJetStream, isFault, jetStreamCodes, toLogError } from './jetstream-api.ts';
import {
  describeStream,
  leaderGet,
  type StreamDescription,
  type StreamStatus,
} from './stored-messages.ts';

/** What names of the log's streams begin with; the rest is the segment's number. */
export const SEGMENT_PREFIX = 'EVENTS-';

export type Segment = {
  readonly number: number;
  readonly stream: string;
  /** When its stream was created, in the server's own spelling; that of the original where it was restored. */
  readonly created: string;
  readonly firstSeq: number;
  /** The last sequence it will ever have; `undefined` while it is the last segment. */
  readonly lastSeq: number | undefined;
  /** Takes events now; false for the last segment too while the log is rolled over. */
  readonly open: boolean;
};

export type Chain = {
  /** What is on the broker, oldest first; never empty. */
  readonly segments: readonly Segment[];
  readonly head: Segment;
  /** The first sequence that can be read; more than 1 when older segments were removed. */
  readonly firstSeq: number;
};

/** An answer that takes longer is asked for again by whoever still needs it. */
const ASK_MS = 2000;

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

/** The stream of a segment. */
export function segmentStream(number: number): string {
  return `${SEGMENT_PREFIX}${number}`;
}

/** The segment that a sequence belongs to, whether it is stored already or comes next; `undefined` where it was removed. */
export function segmentOf(chain: Chain, seq: number): Segment | undefined {
  return chain.segments.findLast(({ firstSeq }) => firstSeq <= seq);
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

  /** The last sequence of a subject in all segments before the last one; 0 where there is none. */
  async lastSealed(subject: string, chain: Chain): Promise<number> {
    if (!this.#current) await this.refresh();
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
      const found = await describeStream(this.#connection, known.head.stream, ASK_MS);
      if (!takesEvents(found) || !known.head.open) return await this.#read();
      this.#headStatus = found.status;
      return this.#known ?? known;
    } catch (error) {
      if (isFault(error, jetStreamCodes.streamNotFound)) return await this.#read();
      throw toLogError(error, known.head.stream);
    }
  }

  async #read(): Promise<Chain> {
    try {
      // What is certain is not asked for again, unless the servers may have been restarted since.
      const certain = this.#current
        ? (this.#known?.segments ?? []).filter(({ lastSeq }) => lastSeq !== undefined)
        : [];
      const numbers = await segmentNumbers(this.#connection);
      const kept = certain.filter(({ number }) => numbers.includes(number));
      const asked = numbers.slice(kept.length);
      const found = await Promise.all(
        asked.map((number) => describeStream(this.#connection, segmentStream(number), ASK_MS)),
      );
      const segments = [
        ...kept,
        ...found.map((one, i) => toSegment(asked[i] ?? 0, one, found[i + 1])),
      ];
      const first = numbers[0] ?? 1;
      const missing = numbers.findIndex((number, index) => number !== first + index);
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
      this.#headStatus = found.at(-1)?.status;
      this.#current = true;
      this.#known = { segments, head, firstSeq: segments[0]?.firstSeq ?? 1 };
      return this.#known;
    } catch (error) {
      throw toLogError(error, `${SEGMENT_PREFIX}*`);
    }
  }
}

/** The numbers of the segments that the broker has, ascending. */
async function segmentNumbers(connection: NatsConnection): Promise<number[]> {
  type Names = { readonly streams: readonly string[] | null; readonly total: number };
  const names: string[] = [];
  for (;;) {
    const query = { offset: names.length };
    const page = await askJetStream<Names>(connection, 'STREAM.NAMES', query, ASK_MS);
    names.push(...(page.streams ?? []));
    if (names.length >= page.total || (page.streams ?? []).length === 0) break;
  }
  return names
    .map((name) => /^EVENTS-([1-9]\d{0,8})$/.exec(name)?.[1])
    .flatMap((digits) => (digits === undefined ? [] : [Number(digits)]))
    .sort((a, b) => a - b);
}

/** Events come in by the ingest prefix; a segment that was closed has another subject. */
function takesEvents({ subjects }: StreamDescription): boolean {
  return subjects.some((subject) => /^_writ\.[^.]+\.\*\.evt\.>$/.test(subject));
}

function toSegment(
  number: number,
  found: StreamDescription,
  next: StreamDescription | undefined,
): Segment {
  const stream = segmentStream(number);
  const lastSeq = next === undefined ? undefined : next.beginsAt - 1;
  // A segment that shows less than its successor knows is still waking up; one that shows more would break the count.
  if (lastSeq !== undefined && found.status.lastSeq !== lastSeq)
    throw new WritError(
      'LOG_UNAVAILABLE',
      `\`${stream}\` shows events up to ${found.status.lastSeq}, the next segment begins after ${lastSeq}`,
    );
  const created = found.metadata['writ.created'] ?? found.status.created;
  return {
    number,
    stream,
    created,
    firstSeq: found.beginsAt,
    lastSeq,
    open: next === undefined && takesEvents(found),
  };
}

/** What is to be done about events that are not on the broker any more. */
export function removedError(chain: Chain): WritError {
  const first = chain.segments[0]?.number ?? 1;
  const which = first === 2 ? 'segment 1' : `segments 1 to ${first - 1}`;
  return new WritError(
    'LOG_UNAVAILABLE',
    `the events before ${chain.firstSeq} were removed from the broker with ${which} of the log; put them back with \`writ log restore\` from the archive`,
  );
}
