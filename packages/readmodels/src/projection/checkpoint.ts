/** Whether the stream is still the one that was projected. */
import { WritError } from '@writ/contracts';
import type { PositionRow } from '../operations/position-row.ts';
import type { Projection, SourceName } from './projection.ts';

/** What a position keeps to tell its stream from any other. */
export type CheckedRow = Pick<
  PositionRow,
  'projection' | 'version' | 'cell' | 'segment' | 'stream_created' | 'seq' | 'msg_id'
>;

/** A stream as it is now, and a look at single messages of it. */
export type CheckedSource = {
  readonly source: SourceName;
  readonly cell: string;
  readonly segment: number;
  readonly created: string;
  /** Of a stream in segments: those that can be read, oldest first. */
  readonly segments?: readonly {
    readonly segment: number;
    readonly created: string;
    readonly firstSeq: number;
  }[];
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The id of the message at a sequence, as `Entry.id` has it; `undefined` where there is none. */
  readonly idAt: (seq: number) => Promise<string | undefined>;
};

/** The segment that a sequence is in, or the nearest that can be read. */
export function placeOf(
  { segment, created, segments = [] }: CheckedSource,
  seq: number,
): { readonly segment: number; readonly created: string } {
  const place = segments.findLast(({ firstSeq }) => firstSeq <= seq) ?? segments[0];
  return { segment: place?.segment ?? segment, created: place?.created ?? created };
}

/** Throws `CHECKPOINT_MISMATCH` when rows were made from another stream than this one, or by another version. */
export async function checkPositions(
  rows: readonly CheckedRow[],
  projections: readonly Projection<never>[],
  source: CheckedSource,
): Promise<void> {
  const stream = askingOnce(source);
  for (const row of rows) {
    const projection = projections.find(({ name }) => name === row.projection);
    const problem =
      (projection && versionProblem(row, projection.version)) ??
      streamProblem(row, stream) ??
      (await messageProblem(row, stream));
    if (problem !== undefined)
      throw new WritError(
        'CHECKPOINT_MISMATCH',
        `projection \`${row.projection}\` ${problem}; run \`writ doctor --repair\``,
      );
  }
}

/** Projections of a stream are mostly at the same message, which a server is asked for. */
function askingOnce(source: CheckedSource): CheckedSource {
  const ids = new Map<number, ReturnType<CheckedSource['idAt']>>();
  const idAt: CheckedSource['idAt'] = (seq) => {
    const id = ids.get(seq) ?? source.idAt(seq);
    ids.set(seq, id);
    return id;
  };
  return { ...source, idAt };
}

function versionProblem(row: CheckedRow, version: number): string | undefined {
  return row.version === version
    ? undefined
    : `has rows of version ${row.version}, this release makes version ${version}`;
}

function streamProblem(row: CheckedRow, stream: CheckedSource): string | undefined {
  if (row.seq === 0) return undefined;
  if (row.cell !== stream.cell)
    return `was made from cell \`${row.cell}\`, this is \`${stream.cell}\``;
  const segments: readonly { segment: number; created: string }[] = stream.segments ?? [stream];
  const same = segments.find(({ segment }) => segment === row.segment);
  const oldest = segments[0]?.segment ?? row.segment;
  // A segment that was archived and removed can not be compared any more; the message at the position still is.
  if (same === undefined && (row.segment > oldest || stream.segments === undefined))
    return `is in segment ${row.segment} of the log, this is segment ${stream.segment}`;
  if (same !== undefined && row.stream_created !== same.created)
    return `was made from a ${stream.source} created at ${row.stream_created}, this one was created at ${same.created}`;
  if (row.seq > stream.lastSeq)
    return `is at ${row.seq}, but ${stream.source} ends at ${stream.lastSeq}`;
  return undefined;
}

/** A message that aged out of its stream can not be compared; it was there, or the stream would be shorter. */
async function messageProblem(row: CheckedRow, stream: CheckedSource): Promise<string | undefined> {
  if (row.seq === 0 || row.msg_id === null || row.seq < stream.firstSeq) return undefined;
  const id = await stream.idAt(row.seq);
  if (id === row.msg_id) return undefined;
  return `read message \`${row.msg_id}\` at ${row.seq} of ${stream.source}, where now \`${id ?? 'nothing'}\` is`;
}
