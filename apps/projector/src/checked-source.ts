/** A stream as positions are compared with it. */
import { LOG, logSegments, type NatsConnection, openStreamReader } from '@writ/bus';
import type { CheckedSource } from '@writ/readmodels';
import type { Source } from './sources.ts';

/** Streams that are no chain are one segment. */
const ONLY_SEGMENT = 1;

/** The state of a source now, with the segments where it is the log. Throws `LOG_UNAVAILABLE`. */
export async function checkedSource<Content>(
  connection: NatsConnection,
  { cell, source }: { readonly cell: string; readonly source: Source<Content> },
): Promise<CheckedSource> {
  const reader = openStreamReader(connection, source.stream);
  const status = await reader.status();
  const idAt = async (seq: number): Promise<string | undefined> => {
    const message = await reader.get(seq);
    return message && source.idOf(message);
  };
  const checked = { source: source.name, cell, segment: ONLY_SEGMENT, idAt, ...status };
  if (source.stream !== LOG) return checked;
  const segments = (await logSegments(connection)).map(({ number, created, firstSeq }) => ({
    segment: number,
    created,
    firstSeq,
  }));
  return { ...checked, segments };
}
