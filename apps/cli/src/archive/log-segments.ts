/** The log as its streams: every segment that the broker holds, in order. */
import { createHash } from 'node:crypto';
import {
  logSegments,
  type NatsConnection,
  openStreamReader,
  type Secrets,
  type StreamStatus,
} from '@writ/bus';

export type SegmentState = StreamStatus & { readonly name: string };

/** The segments of the log with their states now, oldest first. */
export async function segmentStates(connection: NatsConnection): Promise<readonly SegmentState[]> {
  const segments = await logSegments(connection);
  return Promise.all(
    segments.map(async ({ stream, created, firstSeq }) => {
      const status = await openStreamReader(connection, stream).status();
      return { ...status, name: stream, created, firstSeq };
    }),
  );
}

/** The last sequence of the log; 0 when there is none. */
export function lastSequenceOf(segments: readonly SegmentState[]): number {
  return Math.max(0, ...segments.map(({ lastSeq }) => lastSeq));
}

/** What tells two peppers apart and says nothing about either: they are 256 random bits. */
export function pepperMark(secrets: Secrets): string {
  return createHash('sha256')
    .update(`writ pepper mark\n${secrets.pepper}`)
    .digest('hex')
    .slice(0, 16);
}
