/** A stream as those see it who must tell it from any other: what was made of it may have outlived it. */
import type { NatsConnection } from '@nats-io/nats-core';
import { percentDecode } from '@writ/contracts';
import { LOG, logSegments } from './log-reader.ts';
import type { StoredMessage } from './event-codec.ts';
import { headerOf, openStreamReader } from './stream-reader.ts';

/** Streams that are no chain are one segment. */
const ONLY_SEGMENT = 1;

/** The id of an event of the log, as whoever sent it wrote it. */
export function eventIdOf(message: StoredMessage): string {
  return percentDecode(headerOf(message, 'ce-id') ?? '');
}

/** The state of a stream now, with the segments where it is the log. Throws `LOG_UNAVAILABLE`. */
export async function streamAsChecked(
  connection: NatsConnection,
  { stream, idOf }: { readonly stream: string; readonly idOf: (message: StoredMessage) => string },
) {
  const reader = openStreamReader(connection, stream);
  const idAt = async (seq: number): Promise<string | undefined> => {
    const message = await reader.get(seq);
    return message && idOf(message);
  };
  const [status, segments] = await Promise.all([
    reader.status(),
    stream === LOG ? logSegments(connection) : undefined,
  ]);
  const checked = { segment: ONLY_SEGMENT, idAt, ...status };
  if (segments === undefined) return checked;
  return {
    ...checked,
    segments: segments.map(({ number, created, firstSeq }) => ({
      segment: number,
      created,
      firstSeq,
    })),
  };
}
