/** How far the projections have got. */
import type { PositionView } from '@writ/contracts';
import { reading, type Store } from '../store.ts';
import type { PositionRow } from './position-row.ts';

/** The rows of the positions, with what tells their streams apart. */
export function positionRows(store: Store): Promise<PositionRow[]> {
  return reading(() =>
    store.db.selectFrom('projection_positions').selectAll().orderBy('projection').execute(),
  );
}

/** Every projection with its position. */
export async function listPositions(store: Store): Promise<PositionView[]> {
  const rows = await positionRows(store);
  return rows.map((row) => ({
    projection: row.projection,
    version: row.version,
    source: row.source,
    cell: row.cell,
    segment: row.segment,
    seq: row.seq,
    status: row.status,
    paused:
      row.status === 'paused'
        ? { seq: row.paused_seq ?? row.seq + 1, reason: row.paused_reason ?? '' }
        : null,
    updatedAt: row.updated_at,
  }));
}
