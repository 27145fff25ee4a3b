/** Taking over the positions of a stream's projections, unless they belong to another stream. */
import type { NatsConnection } from '@writ/bus';
import {
  checkPositions,
  type Claimed,
  claimPositions,
  placePositions,
  placeOf,
  type Store,
  transact,
} from '@writ/readmodels';
import { checkedSource } from './checked-source.ts';
import type { Source } from './sources.ts';

/** Where to read on, and the `created` of the stream that the positions belong to. */
export type ReadFrom = { readonly fromSeq: number; readonly created: string };

type Room<Content> = {
  readonly connection: NatsConnection;
  readonly store: Store;
  readonly cell: string;
  readonly source: Source<Content>;
};

/** Claims every projection of a source; throws `CHECKPOINT_MISMATCH` and takes nothing when one does not fit. */
export async function claimSource<Content>(
  { connection, store, cell, source }: Room<Content>,
  retryPaused: boolean,
): Promise<{ claims: readonly Claimed<Content>[]; lastSeq: number; readFrom: ReadFrom }> {
  const room = { cell, source };
  const first = placeOf(await checkedSource(connection, room), 1);
  const { claims, status } = await transact(store.pool, async (client) => {
    const taken = await claimPositions(client, source.projections, {
      source: source.name,
      cell,
      ...first,
      retryPaused,
    });
    // Only now, when nobody else moves the positions, can they be compared with the stream's end.
    const now = await checkedSource(connection, room);
    await checkPositions(taken.rows, source.projections, now);
    const placed = taken.rows.filter(({ seq }) => seq > 0);
    await placePositions(
      client,
      placed.map(({ projection, seq }) => ({ projection, ...placeOf(now, seq) })),
    );
    return { claims: taken.claimed, status: now };
  });
  const running = claims.filter(({ paused }) => paused === null);
  const lowest = Math.min(...running.map(({ seq }) => seq), status.lastSeq);
  // What aged out of a stream can not be had any more; the log itself never loses its beginning.
  const fromSeq = source.name === 'EVENTS' ? lowest + 1 : Math.max(lowest + 1, status.firstSeq);
  const { created } = placeOf(status, lowest);
  return { claims, lastSeq: status.lastSeq, readFrom: { fromSeq, created } };
}
