/** The log as its streams: every segment that the broker holds, in order. */
import { createHash } from 'node:crypto';
import {
  openStreamReader,
  type NatsConnection,
  type Secrets,
  type StreamStatus,
  streamsNamed,
} from '@writ/bus';

export type Segment = StreamStatus & { readonly name: string };

/** The segments of the log with their states now, oldest first. */
export async function logSegments(connection: NatsConnection): Promise<readonly Segment[]> {
  const names = (await streamsNamed(connection, 'EVENTS-')).sort(
    (a, b) => numberOf(a) - numberOf(b),
  );
  return Promise.all(
    names.map(async (name) => ({ name, ...(await openStreamReader(connection, name).status()) })),
  );
}

function numberOf(stream: string): number {
  return Number(stream.slice('EVENTS-'.length));
}

/** The last sequence of the log; 0 when there is none. */
export function lastSequenceOf(segments: readonly Segment[]): number {
  return Math.max(0, ...segments.map(({ lastSeq }) => lastSeq));
}

/** What tells two peppers apart and says nothing about either: they are 256 random bits. */
export function pepperMark(secrets: Secrets): string {
  return createHash('sha256')
    .update(`writ pepper mark\n${secrets.pepper}`)
    .digest('hex')
    .slice(0, 16);
}
