/** Pages of the log in its own order, filtered; a page ends at its limit, at the end of the log, or after so many events looked at. */
import type { EventStore, StoredEvent } from '@writ/bus';
import { WritError } from '@writ/contracts';
import { type EventFilter, matches, subjectFilter } from './filter.ts';
import { firstSequenceSince } from './time-search.ts';

/** A page that finds little looks at no more events than this; its cursor goes on from there. */
const MAX_SCANNED = 20_000;
const READ_AT_ONCE = 500;

export type EventPage = {
  readonly events: readonly StoredEvent[];
  readonly nextCursor: string | null;
  readonly lastSeq: number;
};

/** Reads one page; `cursor` is the `nextCursor` of the page before. */
export async function readEvents(
  log: Pick<EventStore, 'read' | 'status'>,
  filter: EventFilter,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<EventPage> {
  const { firstSeq, lastSeq } = await log.status();
  const end = Math.min(filter.to ?? lastSeq, lastSeq);
  const subject = subjectFilter(filter);
  let next = Math.max(
    firstSeq,
    filter.from ?? 1,
    cursor === undefined ? 1 : fromCursor(cursor) + 1,
  );
  if (filter.sinceMs !== undefined && cursor === undefined)
    next = Math.max(next, await firstSequenceSince(log, filter.sinceMs, { firstSeq, lastSeq }));
  const found: StoredEvent[] = [];
  let scanned = 0;
  while (next <= end && scanned < MAX_SCANNED) {
    const batch = await log.read({ fromSeq: next, limit: READ_AT_ONCE, filter: subject });
    if (batch.length === 0) return { events: found, nextCursor: null, lastSeq };
    for (const event of batch) {
      if (event.seq > end) return { events: found, nextCursor: null, lastSeq };
      next = event.seq + 1;
      if (!matches(filter, event)) continue;
      found.push(event);
      if (found.length === limit)
        return { events: found, nextCursor: next > end ? null : toCursor(event.seq), lastSeq };
    }
    scanned += batch.length;
  }
  return { events: found, nextCursor: next > end ? null : toCursor(next - 1), lastSeq };
}

function toCursor(seq: number): string {
  return Buffer.from(`events/${seq}`).toString('base64url');
}

function fromCursor(cursor: string): number {
  const match = /^events\/(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match) return Number(match[1]);
  throw new WritError(
    'CURSOR_INVALID',
    'the cursor was not made by this list; leave it out to begin at the start',
    {
      details: [{ path: 'cursor', message: 'must be the `nextCursor` of the page before' }],
    },
  );
}
