/**
 * Building projections again beside the ones that are read, and putting them in their place.
 *
 * 1. One transaction, on one connection: whatever ends it early, down to a kill of the process, leaves nothing.
 * 2. The rows in use are read and projected on until the new ones are at least as far; then both change places under
 *    the positions' row locks, in the commit. Whoever projected is deposed and claims anew.
 * 3. Readers wait for the change of places at most `LOCK_MS`, and it for them no longer; it tries again.
 * 4. An entry that the new rows can not take ends the rebuild; the rows in use stay as they are.
 * 5. One rebuild at a time for each projection, by a lock that goes with the transaction.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { WritError } from '@writ/contracts';
import type { ClientBase, Pool } from 'pg';
import type { PositionRow } from '../operations/position-row.ts';
import { BadEntry, foldInto, transact } from './apply.ts';
import { openBulkLoad } from './bulk-load.ts';
import { type CheckedSource, checkPositions, placeOf } from './checkpoint.ts';
import type { Claimed } from './positions.ts';
import type { Entry, Projection } from './projection.ts';
import { isLockTimeout, makeRebuildTables, type RebuildTables } from './rebuild-tables.ts';

/** A stream that can be read from any sequence, as it is now. */
export type RebuildSource<Content> = {
  status(): Promise<CheckedSource>;
  /** What the stream holds in this range, in order. */
  entries(range: {
    readonly fromSeq: number;
    readonly throughSeq: number;
  }): AsyncIterable<readonly Entry<Content>[]>;
};

export type RebuildProgress = {
  readonly phase: 'loading' | 'indexing' | 'catching up' | 'switching';
  readonly seq: number;
  readonly lastSeq: number;
};

export type RebuildOptions = {
  /** Also when the rows in use were made from another stream, or are further than this one reaches. */
  readonly replaceForeign?: boolean;
  /** Rows of one table kept in memory, at most; 10,000 when left out. */
  readonly mostRows?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RebuildProgress) => void;
};

export type Rebuilt = { readonly seq: number; readonly events: number };

/** What is left when the tables get their indexes, at most; the rest is folded into them like by a projector. */
const SHORT_REST = 20_000;
const MOST_LOADS = 10;
const LOCK_MS = 300;
const AGAIN_MS = 100;

/** Builds projections of one stream again; resolves when the new rows are the ones that are read. */
export async function rebuildProjections<Content>(
  pool: Pool,
  {
    projections,
    source,
  }: {
    readonly projections: readonly Projection<Content>[];
    readonly source: RebuildSource<Content>;
  },
  options: RebuildOptions = {},
): Promise<Rebuilt> {
  try {
    return await transact(pool, (client) =>
      new Rebuild(client, { projections, source }, options).run(),
    );
  } catch (error) {
    if (!(error instanceof BadEntry)) throw error;
    const names = projections.map(({ name }) => `\`${name}\``).join(', ');
    throw new WritError(
      'EVENT_UNREADABLE',
      `${names} can not be rebuilt past ${error.seq}: ${error.message}; nothing was changed`,
      { cause: error },
    );
  }
}

class Rebuild<Content> {
  readonly #client: ClientBase;
  readonly #projections: readonly Projection<Content>[];
  readonly #source: RebuildSource<Content>;
  readonly #options: RebuildOptions;
  #seq = 0;
  #id: string | null = null;
  #events = 0;

  constructor(
    client: ClientBase,
    work: {
      readonly projections: readonly Projection<Content>[];
      readonly source: RebuildSource<Content>;
    },
    options: RebuildOptions,
  ) {
    this.#client = client;
    this.#projections = work.projections;
    this.#source = work.source;
    this.#options = options;
  }

  async run(): Promise<Rebuilt> {
    await this.#client.query(
      "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local maintenance_work_mem = '128MB'",
    );
    await this.#holdLocks();
    // In this order: a projector that moves on in between is not ahead of the log.
    const inUse = await this.#positions('');
    const status = await this.#source.status();
    await this.#checkInUse(inUse, status);
    const tables = await makeRebuildTables(
      this.#client,
      this.#projections.flatMap((projection) => projection.tables),
    );
    await this.#load(tables, status);
    await this.#catchUpAndReplace(tables);
    return { seq: this.#seq, events: this.#events };
  }

  async #holdLocks(): Promise<void> {
    for (const { name } of this.#projections) {
      const { rows } = await this.#client.query<{ held: boolean }>(
        'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as held',
        [`rebuild ${name}`],
      );
      if (rows[0]?.held !== true)
        throw new WritError(
          'VERSION_CONFLICT',
          `\`${name}\` is being rebuilt already; wait until that has ended`,
        );
    }
  }

  /** Rows of another stream, or of messages that are gone, are not replaced by accident. */
  async #checkInUse(rows: readonly PositionRow[], status: CheckedSource): Promise<void> {
    if (this.#options.replaceForeign === true) return;
    await checkPositions(rows, [], status);
    const [held] = rows.filter(({ seq }) => seq > 0);
    if (held && status.firstSeq > 1)
      throw new WritError(
        'CHECKPOINT_MISMATCH',
        `\`${held.projection}\` has rows of messages that ${status.source} no longer holds: it begins at ${status.firstSeq}; rebuilding would lose them`,
      );
  }

  async #load(tables: RebuildTables, { firstSeq, lastSeq: seenSeq }: CheckedSource): Promise<void> {
    const room = { client: this.#client, tables };
    const load = openBulkLoad(room, this.#projections, {
      expected: seenSeq - firstSeq + 1,
      mostRows: this.#options.mostRows,
    });
    let { lastSeq } = await this.#source.status();
    for (let n = 0; n < MOST_LOADS && (n === 0 || lastSeq - this.#seq > SHORT_REST); n++) {
      await this.#read('loading', lastSeq, (entries) => load.add(entries));
      ({ lastSeq } = await this.#source.status());
    }
    this.#report('indexing', lastSeq);
    await load.finish();
    await tables.finish(() => this.#stopIfAborted());
  }

  async #catchUpAndReplace(tables: RebuildTables): Promise<void> {
    for (;;) {
      const { lastSeq } = await this.#source.status();
      await this.#read('catching up', lastSeq, (entries) =>
        foldInto(this.#client, this.#claims(), entries),
      );
      this.#report('switching', lastSeq);
      if (await this.#replace(tables)) return;
      await wait(AGAIN_MS, undefined, { signal: this.#options.signal }).catch(() => undefined);
    }
  }

  /** False when the rows in use are further still, or readers were in the way. */
  async #replace(tables: RebuildTables): Promise<boolean> {
    await this.#client.query(`savepoint before; set local lock_timeout = ${LOCK_MS}`);
    try {
      // First the positions, as projectors do: from here on the rows in use stand still.
      const rows = await this.#positions('for update');
      const furthest = Math.max(0, ...rows.map(({ seq }) => seq));
      if (this.#seq >= furthest || this.#options.replaceForeign === true) {
        await tables.replace();
        await this.#movePositions();
        return true;
      }
    } catch (error) {
      if (!isInTheWay(error)) throw error;
    }
    await this.#client.query('rollback to savepoint before');
    return false;
  }

  async #movePositions(): Promise<void> {
    const status = await this.#source.status();
    const { segment, created } = placeOf(status, this.#seq);
    await this.#client.query(PLACE, [
      this.#projections.map(({ name }) => name),
      this.#projections.map(({ version }) => version),
      status.source,
      status.cell,
      segment,
      created,
      this.#seq,
      this.#id,
    ]);
  }

  async #read(
    phase: RebuildProgress['phase'],
    throughSeq: number,
    fold: (entries: readonly Entry<Content>[]) => Promise<void>,
  ): Promise<void> {
    if (throughSeq <= this.#seq) return;
    const range = { fromSeq: this.#seq + 1, throughSeq };
    for await (const entries of this.#source.entries(range)) {
      this.#stopIfAborted();
      await fold(entries);
      const last = entries.at(-1);
      if (!last) continue;
      [this.#seq, this.#id] = [last.seq, last.id];
      this.#events += entries.length;
      this.#report(phase, throughSeq);
    }
    this.#stopIfAborted();
    if (this.#seq < throughSeq) [this.#seq, this.#id] = [throughSeq, null];
  }

  /** The new rows as if they were claimed, so that a batch is folded into them as into any. */
  #claims(): readonly Claimed<Content>[] {
    return this.#projections.map((projection) => ({
      projection,
      epoch: 0,
      seq: this.#seq,
      paused: null,
    }));
  }

  async #positions(lock: 'for update' | ''): Promise<readonly PositionRow[]> {
    const { rows } = await this.#client.query<PositionRow>(
      `select * from projection_positions where projection = any($1) order by projection ${lock}`,
      [this.#projections.map(({ name }) => name)],
    );
    return rows;
  }

  #report(phase: RebuildProgress['phase'], lastSeq: number): void {
    this.#options.onProgress?.({ phase, seq: this.#seq, lastSeq });
  }

  #stopIfAborted(): void {
    this.#options.signal?.throwIfAborted();
  }
}

/** Readers that did not end in time, or that hold what this waits for and wait for what it holds. */
function isInTheWay(error: unknown): boolean {
  return (
    isLockTimeout(error) || (error instanceof Error && 'code' in error && error.code === '40P01')
  );
}

const PLACE = `
  insert into projection_positions (projection, version, source, cell, segment, stream_created, seq, msg_id, epoch, status)
  select p.name, p.version, $3, $4, $5, $6, $7, $8, 1, 'running' from unnest($1::text[], $2::integer[]) as p(name, version)
  on conflict (projection) do update
  set version = excluded.version, source = excluded.source, cell = excluded.cell, segment = excluded.segment,
      stream_created = excluded.stream_created, seq = excluded.seq, msg_id = excluded.msg_id,
      epoch = projection_positions.epoch + 1, status = 'running', paused_seq = null, paused_reason = null, updated_at = now()`;
