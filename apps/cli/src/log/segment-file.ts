/** The archive of one segment: a file named after it, and the comparison with what the broker has. */
import { join, resolve } from 'node:path';
import { type CheckedArchive, checkArchive } from '@writ/archive';
import { type NatsConnection, readRawMessages, type Segment, segmentStream } from '@writ/bus';
import type { SegmentPlace } from '@writ/streams';
import { readingArchive, refused } from '../archive/archive-failure.ts';
import { compareWithFile } from '../archive/compare-log.ts';
import type { Session } from '../session.ts';

export type ToDirectory = { readonly out: string };
export type FromDirectory = { readonly from: string };
export type RemoveFlags = FromDirectory & { readonly historyGoesOffline?: boolean };

/** A segment that does not change any more. */
export type ClosedSegment = Pick<Segment, 'stream' | 'created' | 'firstSeq'> & {
  readonly lastSeq: number;
};

/** `EVENTS-<n>.writ` in a directory. */
export function segmentFile(dir: string, number: number): string {
  return join(resolve(dir), `${segmentStream(number)}.writ`);
}

/** The segment when it is on the broker and closed. */
export function closedSegment(segments: readonly Segment[], number: number): ClosedSegment {
  const segment = segments.find((one) => one.number === number);
  if (segment === undefined)
    throw refused(`segment \`${number}\` is not on the broker; \`writ log list\` shows which are`);
  const { lastSeq } = segment;
  if (lastSeq === undefined)
    throw refused(`segment \`${number}\` still takes events; close it with \`writ log roll\``);
  return { ...segment, lastSeq };
}

/** Reads the file to its end; fails when it is damaged, or is not that segment of this cell. */
export async function checkSegmentFile(
  path: string,
  { number, cell }: { readonly number: number; readonly cell: string },
): Promise<{ readonly archive: CheckedArchive; readonly place: SegmentPlace }> {
  const archive = await readingArchive(path, () => checkArchive(path));
  const { header, end } = archive;
  const [stream] = header.streams;
  const name = segmentStream(number);
  if (header.kind !== 'stream' || stream?.name !== name)
    throw refused(`\`${path}\` is not the archive of \`${name}\``);
  if (header.cell !== cell)
    throw refused(`\`${path}\` is of cell \`${header.cell}\`, this is \`${cell}\``);
  const { firstSeq, lastSeq, created } = stream;
  if (end.count !== lastSeq - firstSeq + 1 || end.firstSeq !== firstSeq || end.lastSeq !== lastSeq)
    throw refused(`\`${path}\` does not hold all of ${firstSeq} to ${lastSeq}; archive it again`);
  return { archive, place: { number, created, firstSeq, lastSeq } };
}

/** Compares every message of a segment on the broker with its file; fails at the first difference. */
export async function compareSegment(
  connection: NatsConnection,
  segment: ClosedSegment,
  path: string,
): Promise<void> {
  const { stream, firstSeq, lastSeq } = segment;
  const { same, difference } = await readingArchive(path, () =>
    compareWithFile({
      stored: readRawMessages({ connection, stream, fromSeq: firstSeq, throughSeq: lastSeq }),
      path,
      sequences: true,
    }),
  );
  if (difference !== null)
    throw refused(
      `\`${stream}\` differs from \`${path}\`: \`${difference.subject}\` at ${difference.seq} ${difference.what}`,
    );
  if (same !== lastSeq - firstSeq + 1)
    throw refused(`\`${stream}\` shows ${same} of ${lastSeq - firstSeq + 1} events of \`${path}\``);
}

export type SegmentReport = {
  readonly segment: number;
  readonly file: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly sha256: string;
  readonly comparedWithBroker: boolean;
};

/** Says of a segment and its file what was done. */
export function saySegment({ out }: Session, done: string, report: SegmentReport): void {
  const { segment, file, firstSeq, lastSeq, sha256, comparedWithBroker } = report;
  out.document(report, () =>
    [
      `${out.colours.green(done)} segment ${segment}, ${firstSeq} to ${lastSeq}: ${file}`,
      `sha256 ${sha256}${comparedWithBroker ? '; every event is as on the broker' : '; the segment is not on the broker'}`,
    ].join('\n'),
  );
}
