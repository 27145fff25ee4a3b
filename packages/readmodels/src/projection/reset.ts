/** Starting over: rows and position of a projection go together, and whoever was projecting is deposed. */
import type { Pool } from 'pg';
import { transact } from './apply.ts';
import type { Projection } from './projection.ts';

/** Empties projections, so that they are folded again from the start of their stream. */
export async function resetProjections(
  pool: Pool,
  projections: readonly Projection<never>[],
): Promise<void> {
  await transact(pool, async (client) => {
    // The positions first: whoever is projecting waits for them, and finds itself deposed.
    const { rowCount } = await client.query(RESET, [
      projections.map((p) => p.name),
      projections.map((p) => p.version),
    ]);
    if (rowCount === 0) return;
    for (const table of projections.flatMap(({ tables }) => tables))
      await client.query(`truncate ${table}`);
  });
}

const RESET = `
  update projection_positions p
  set seq = 0, msg_id = null, version = u.version, epoch = epoch + 1, status = 'running',
      paused_seq = null, paused_reason = null, updated_at = now()
  from unnest($1::text[], $2::integer[]) as u(projection, version) where p.projection = u.projection`;
