/** Consistency tokens of this cell's log. */
import { encodeToken } from '@writ/contracts';

/** The token for a sequence of the log. */
export function tokenAt(
  log: { readonly cell: string; readonly segment: number },
  seq: number,
): string {
  return encodeToken({ cell: log.cell, segment: log.segment, seq });
}
