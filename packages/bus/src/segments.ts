/** The segments of the log: what is known of each, and how that is read from its stream. */
import type { NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { askJetStream } from './jetstream-api.ts';
import { segmentNumber, segmentStream } from './segment-names.ts';
import { describeStream, type StreamDescription } from './stored-messages.ts';

export type Segment = {
  readonly number: number;
  readonly stream: string;
  /** When its stream was created, in the server's own spelling; that of the original where it was restored. */
  readonly created: string;
  readonly firstSeq: number;
  /** The last sequence it will ever have; `undefined` while it is the last segment. */
  readonly lastSeq: number | undefined;
  /** What it holds: for ever while `lastSeq` is set, else when it was asked for. */
  readonly messages: number;
  readonly bytes: number;
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

/** The segment that a sequence belongs to, whether it is stored already or comes next; `undefined` where it was removed. */
export function segmentOf(chain: Chain, seq: number): Segment | undefined {
  return chain.segments.findLast(({ firstSeq }) => firstSeq <= seq);
}

/** An answer that takes longer is asked for again by whoever still needs it. */
const ASK_MS = 2000;

/** A segment as it is on the broker, described where it was not known already. */
export type Place = {
  readonly number: number;
  readonly beginsAt: number;
  readonly known?: Segment;
  readonly found?: StreamDescription;
};

/** The numbers of the segments that the broker has, ascending. */
export async function segmentNumbers(connection: NatsConnection): Promise<number[]> {
  type Names = { readonly streams: readonly string[] | null; readonly total: number };
  const names: string[] = [];
  for (;;) {
    const query = { offset: names.length };
    const page = await askJetStream<Names>(connection, 'STREAM.NAMES', query, ASK_MS);
    names.push(...(page.streams ?? []));
    if (names.length >= page.total || (page.streams ?? []).length === 0) break;
  }
  return names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
}

/** Events come in by the ingest prefix; a segment that was closed has another subject. */
export function takesEvents({ subjects }: StreamDescription): boolean {
  return subjects.some((subject) => /^_writ\.[^.]+\.\*\.evt(-\d+)?\.>$/.test(subject));
}

/** The segment of a place, before the one that begins at `next`. Throws `LOG_UNAVAILABLE` when they do not fit. */
export function toSegment(
  { number, beginsAt, known, found }: Place,
  next: number | undefined,
): Segment {
  if (known !== undefined && known.lastSeq === (next ?? 0) - 1) return known;
  const stream = segmentStream(number);
  const lastSeq = next === undefined ? undefined : next - 1;
  // A segment that shows less than its successor knows is still waking up; one that shows more would break the count.
  if (found === undefined || (lastSeq !== undefined && found.status.lastSeq !== lastSeq))
    throw new WritError(
      'LOG_UNAVAILABLE',
      `\`${stream}\` shows events up to ${found?.status.lastSeq ?? known?.lastSeq}, the next segment begins after ${lastSeq}`,
    );
  return {
    number,
    stream,
    created: found.metadata['writ.created'] ?? found.status.created,
    firstSeq: beginsAt,
    lastSeq,
    messages: found.status.messages,
    bytes: found.status.bytes,
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

/** Asks for a segment's stream. */
export function describeSegment(
  connection: NatsConnection,
  number: number,
): Promise<StreamDescription> {
  return describeStream(connection, segmentStream(number), ASK_MS);
}
