/** A stream as positions are compared with it. */
import { type NatsConnection, streamAsChecked } from '@writ/bus';
import type { CheckedSource } from '@writ/readmodels';
import type { Source } from './sources.ts';

/** The state of a source now, with the segments where it is the log. Throws `LOG_UNAVAILABLE`. */
export async function checkedSource<Content>(
  connection: NatsConnection,
  { cell, source }: { readonly cell: string; readonly source: Source<Content> },
): Promise<CheckedSource> {
  return { source: source.name, cell, ...(await streamAsChecked(connection, source)) };
}
