/**
 * Positions: how far each projection has got in its stream, one row each in `projection_positions`.
 *
 * 1. A position moves in the transaction that writes the rows it stands for.
 * 2. It moves by compare-and-set on epoch and sequence. Claiming raises the epoch, so whoever claimed before can no
 *    longer write; an advisory lock only spares two projectors the work.
 * 3. The row keeps what tells its stream from any other: cell, segment, the moment the stream was created, and the id
 *    of the message at its sequence.
 */
import type { ClientBase } from 'pg';
import type { PositionRow } from '../operations/position-row.ts';
import type { Projection, SourceName } from './projection.ts';

/** A stream as its server describes it. */
export type SourceIdentity = {
  readonly source: SourceName;
  readonly cell: string;
  readonly segment: number;
  /** When the stream was created, in the server's own spelling. */
  readonly created: string;
};

/** One projection in the hands of one projector. */
export type Claimed<Content> = {
  readonly projection: Projection<Content>;
  readonly epoch: number;
  seq: number;
  paused: { readonly seq: number; readonly reason: string } | null;
};

/** Some other projector has claimed the projections since. */
export class Deposed extends Error {
  override readonly name = 'Deposed';
  readonly code = 'DEPOSED';

  constructor() {
    super('another projector has claimed these projections; this one no longer writes');
  }
}

/** Raises the epoch of each projection and takes it over; projections without a position begin at the start. */
export async function claimPositions<Content>(
  client: ClientBase,
  projections: readonly Projection<Content>[],
  from: SourceIdentity & { readonly retryPaused: boolean },
): Promise<{ claimed: Claimed<Content>[]; rows: PositionRow[] }> {
  await client.query(INSERT_MISSING, [
    projections.map((p) => p.name),
    projections.map((p) => p.version),
    from.source,
    from.cell,
    from.segment,
    from.created,
  ]);
  const { rows } = await client.query<PositionRow>(CLAIM, [
    projections.map((p) => p.name),
    from.retryPaused,
    from.cell,
    from.segment,
    from.created,
  ]);
  const byName = new Map(rows.map((row) => [row.projection, row]));
  const claimed = projections.flatMap((projection) => {
    const row = byName.get(projection.name);
    if (!row) return [];
    const paused =
      row.status === 'paused'
        ? { seq: row.paused_seq ?? row.seq + 1, reason: row.paused_reason ?? '' }
        : null;
    return [{ projection, epoch: row.epoch, seq: row.seq, paused }];
  });
  return { claimed, rows };
}

/** Notes the segment that positions are in by now, so that another log is not taken for this one later. */
export async function placePositions(
  client: ClientBase,
  places: readonly (Pick<SourceIdentity, 'segment' | 'created'> & {
    readonly projection: string;
  })[],
): Promise<void> {
  await client.query(PLACE, [
    places.map(({ projection }) => projection),
    places.map(({ segment }) => segment),
    places.map(({ created }) => created),
  ]);
}

/** Moves positions to `through`; throws `Deposed` when even one of them is no longer ours. */
export async function movePositions<Content>(
  client: ClientBase,
  claimed: readonly Claimed<Content>[],
  to: { readonly seq: number; readonly id: string | null },
): Promise<void> {
  const moved = await client.query({
    name: 'move-positions',
    text: MOVE,
    values: [
      claimed.map((c) => c.projection.name),
      claimed.map((c) => c.epoch),
      claimed.map((c) => c.seq),
      to.seq,
      to.id,
    ],
  });
  if (moved.rowCount !== claimed.length) throw new Deposed();
}

/** Throws `Deposed` when even one of these projections was claimed or reset by somebody else since. */
export async function confirmClaims<Content>(
  client: Pick<ClientBase, 'query'>,
  claimed: readonly Claimed<Content>[],
): Promise<void> {
  const names = claimed.map((c) => c.projection.name);
  const { rowCount } = await client.query(CONFIRM, [names, claimed.map((c) => c.epoch)]);
  if (rowCount !== claimed.length) throw new Deposed();
}

/** Marks a projection as paused before an entry that it can not take. */
export async function pausePosition<Content>(
  client: ClientBase,
  claimed: Claimed<Content>,
  at: { readonly seq: number; readonly reason: string },
): Promise<void> {
  const { projection, epoch, seq } = claimed;
  const marked = await client.query(PAUSE, [projection.name, epoch, seq, at.seq, at.reason]);
  if (marked.rowCount !== 1) throw new Deposed();
}

const INSERT_MISSING = `
  insert into projection_positions (projection, version, source, cell, segment, stream_created, seq, epoch, status)
  select p.name, p.version, $3, $4, $5, $6, 0, 0, 'running' from unnest($1::text[], $2::integer[]) as p(name, version)
  on conflict (projection) do nothing`;

/** A position at the start belongs to no stream yet. */
const CLAIM = `
  update projection_positions
  set epoch = epoch + 1,
      cell = case when seq = 0 then $3 else cell end,
      segment = case when seq = 0 then $4 else segment end,
      stream_created = case when seq = 0 then $5 else stream_created end,
      status = case when $2 then 'running' else status end,
      paused_seq = case when $2 then null else paused_seq end,
      paused_reason = case when $2 then null else paused_reason end
  where projection = any($1::text[]) returning *`;

const PLACE = `
  update projection_positions p set segment = u.segment, stream_created = u.created
  from unnest($1::text[], $2::integer[], $3::text[]) as u(projection, segment, created)
  where p.projection = u.projection and (p.segment <> u.segment or p.stream_created <> u.created)`;

const MOVE = `
  update projection_positions p set seq = $4, msg_id = $5, updated_at = now()
  from unnest($1::text[], $2::bigint[], $3::bigint[]) as u(projection, epoch, seq)
  where p.projection = u.projection and p.epoch = u.epoch and p.seq = u.seq and p.status = 'running'`;

const CONFIRM = `
  select from projection_positions p join unnest($1::text[], $2::bigint[]) as u(projection, epoch)
  on p.projection = u.projection and p.epoch = u.epoch`;

const PAUSE = `
  update projection_positions set status = 'paused', paused_seq = $4, paused_reason = $5, updated_at = now()
  where projection = $1 and epoch = $2 and seq = $3`;
