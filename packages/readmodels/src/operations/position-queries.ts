/** How far the projections have got. */
import type { PositionView } from '@writ/contracts';
import { reading, type Store } from '../store.ts';

/** Every projection with its position. */
export async function listPositions(store: Store): Promise<PositionView[]> {
  const rows = await reading(() => store.db.selectFrom('projection_positions').selectAll().orderBy('projection').execute());
  return rows.map((row) => ({
    projection: row.projection,
    version: row.version,
    source: row.source,
    cell: row.cell,
    segment: row.segment,
    seq: row.seq,
    status: row.status,
    paused: row.status === 'paused' ? { seq: row.paused_seq ?? row.seq + 1, reason: row.paused_reason ?? '' } : null,
    updatedAt: row.updated_at,
  }));
}
