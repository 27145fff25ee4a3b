/** Whether a snapshot is of the log as it is now. */
import type { NatsConnection } from '@nats-io/nats-core';
import { chainOf } from './segment-chain.ts';
import { segmentOf } from './segments.ts';
import type { Manifest } from './snapshot-manifest.ts';
import { leaderGet } from './stored-messages.ts';
import { eventIdOf } from './stream-as-checked.ts';

/** What tells a sequence of this log from the same one of another. */
export type Place = Pick<Manifest, 'segment' | 'created' | 'eventId'>;
export type Misfit = 'other_log' | 'beyond_log';

/** Which segment a sequence is in, and which event is there; `undefined` where that was removed. */
export async function placeAt(connection: NatsConnection, seq: number): Promise<Place | undefined> {
  const segment = segmentOf(await chainOf(connection).confirmed(), seq);
  if (segment === undefined) return undefined;
  const { number, stream, created } = segment;
  const event = await leaderGet({ connection, stream }, { seq });
  return { segment: number, created, eventId: event ? eventIdOf(event) : null };
}

/** Why a snapshot is not of this log as it is now. */
export async function misfitOf(
  { cell, seq, ...made }: Manifest,
  log: { readonly connection: NatsConnection; readonly cell: string; readonly lastSeq: number },
): Promise<Misfit | undefined> {
  if (cell !== log.cell) return 'other_log';
  if (seq > log.lastSeq) return 'beyond_log';
  const now = await placeAt(log.connection, seq);
  const same =
    made.segment === now?.segment && made.created === now.created && made.eventId === now.eventId;
  return same ? undefined : 'other_log';
}
