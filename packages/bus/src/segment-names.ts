/** The names of the log's segments: their streams, and the subjects by which events enter them. */
import { ingestSubject } from '@writ/contracts';

/** What names of the log's streams begin with; the rest is the segment's number. */
export const SEGMENT_PREFIX = 'EVENTS-';

/** The stream of a segment. */
export function segmentStream(number: number): string {
  return `${SEGMENT_PREFIX}${number}`;
}

/** The number of a segment's stream; `undefined` for any other stream. */
export function segmentNumber(stream: string): number | undefined {
  const digits = /^EVENTS-([1-9]\d{0,8})$/.exec(stream)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Where events of a public subject enter a segment. Each segment has a kind of its own in the ingest prefix: a server
 * that was away while the log was rolled over makes the new stream before it learns that the old one was closed, and
 * two streams must not want the same subject even then.
 */
export function segmentSubject(ingest: string, subject: string, number: number): string {
  const into = ingestSubject(ingest, subject);
  if (number === 1) return into;
  const [prefix = '', secret = '', tenant = '', kind = '', ...rest] = into.split('.');
  return [prefix, secret, tenant, `${kind}-${number}`, ...rest].join('.');
}
