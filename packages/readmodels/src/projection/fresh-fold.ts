/**
 * Proof that the rows are what the log says: folds a stream again from its start, in memory, up to each projection's
 * position, and compares every row with it. Reads rows and positions in one snapshot, so projecting may go on.
 */
import type { ClientBase, Pool } from 'pg';
import type { PositionRow } from '../operations/position-row.ts';
import type { RowDifference } from './compare-rows.ts';
import type { Entry, Fold, Projection, SourceName } from './projection.ts';

export type FoldDifference = RowDifference & { readonly projection: string };

export type Comparison = {
  readonly projection: string;
  /** Up to where both were compared. */
  readonly seq: number;
  readonly rows: number;
  readonly differences: readonly FoldDifference[];
};

/** A stream that can be read again from its start. */
export type History<Content> = {
  readonly source: SourceName;
  readonly projections: readonly Projection<Content>[];
  /** What the stream still holds up to `throughSeq`, in order. */
  entries(throughSeq: number): AsyncIterable<readonly Entry<Content>[]>;
};

const MAX_DIFFERENCES = 20;

/** Compares every row of every projection of a stream with a fresh fold of it. */
export async function compareWithFreshFold<Content>(
  store: { readonly pool: Pool },
  history: History<Content>,
): Promise<Comparison[]> {
  const client = await store.pool.connect();
  try {
    await client.query('begin transaction isolation level repeatable read read only');
    // Before the snapshot: a table that takes the place of another later is empty to it.
    const tables = history.projections.flatMap((projection) => projection.tables);
    await client.query(`lock table ${tables.join(', ')} in access share mode`);
    const targets = await openTargets(client, history.projections);
    await foldAll(targets, history);
    const results: Comparison[] = [];
    for (const target of targets) results.push(await compareTarget(client, target));
    return results;
  } finally {
    await client.query('rollback').catch(() => undefined);
    client.release();
  }
}

type Target<Content> = {
  readonly projection: Projection<Content>;
  readonly seq: number;
  readonly fold: Fold<Content>;
};

async function openTargets<Content>(
  client: ClientBase,
  projections: readonly Projection<Content>[],
): Promise<Target<Content>[]> {
  const { rows } = await client.query<PositionRow>('select * from projection_positions');
  return projections.map((projection) => ({
    projection,
    seq: rows.find((row) => row.projection === projection.name)?.seq ?? 0,
    fold: projection.open(),
  }));
}

async function foldAll<Content>(
  targets: readonly Target<Content>[],
  history: History<Content>,
): Promise<void> {
  const through = Math.max(0, ...targets.map((target) => target.seq));
  for await (const batch of history.entries(through)) {
    for (const { projection, seq, fold } of targets) {
      for (const entry of batch) {
        if (entry.seq > seq || !projection.kinds.includes(entry.kind)) continue;
        if (entry.unreadable) throw entry.unreadable;
        fold.apply(entry.content);
      }
    }
  }
  for (const { fold } of targets) fold.finish?.();
}

async function compareTarget<Content>(
  client: ClientBase,
  { projection, seq, fold }: Target<Content>,
): Promise<Comparison> {
  const differences: FoldDifference[] = [];
  let rows = 0;
  for (const set of fold.sets) {
    const compared = await set.compare(client, (difference) => {
      if (differences.length < MAX_DIFFERENCES)
        differences.push({ projection: projection.name, ...difference });
    });
    rows += compared;
  }
  return { projection: projection.name, seq, rows, differences };
}
