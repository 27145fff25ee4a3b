/**
 * Writing a batch: rows and positions in one transaction.
 *
 * 1. All projections of a stream go together, in one transaction, as long as none of them fails.
 * 2. When one fails by what is in the batch, each goes alone; the one that fails is applied up to the entry it can not
 *    take and paused there. The others never notice.
 * 3. An outage of Postgres is nobody's fault: it is thrown, nothing was written, and the caller tries again.
 */
import type { ClientBase, Pool } from 'pg';
import { isBadData } from '../store.ts';
import { type Claimed, movePositions, pausePosition } from './positions.ts';
import type { Entry, Fold } from './projection.ts';
import type { Statement } from './table.ts';

/** Where a batch ends: the last sequence it covers, and the message there, if one is there. */
export type Through = { readonly seq: number; readonly id: string | null };

/** Rows that could not be made from a batch, by an entry that is not known yet. */
class BadBatch extends Error {
  override readonly name = 'BadBatch';
}

/** An entry that a projection can not take. */
export class BadEntry extends Error {
  override readonly name = 'BadEntry';
  readonly seq: number;

  constructor(seq: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.seq = seq;
  }
}

/**
 * Folds entries (in order, with nothing left out since the lowest position) into the rows of every running projection
 * that has not had them. Throws `Deposed` or what Postgres said when it is away; pauses projections by itself.
 */
export async function applyEntries<Content>(
  pool: Pool,
  claims: readonly Claimed<Content>[],
  batch: { readonly entries: readonly Entry<Content>[]; readonly through: Through },
): Promise<void> {
  const running = claims.filter((claim) => claim.paused === null && claim.seq < batch.through.seq);
  if (running.length === 0) return;
  try {
    await applyTogether(pool, running, batch);
  } catch (error) {
    if (!isTheBatchesFault(error)) throw error;
    for (const claim of running) await applyAlone(pool, claim, batch);
  }
}

type Batch<Content> = { readonly entries: readonly Entry<Content>[]; readonly through: Through };

async function applyTogether<Content>(
  pool: Pool,
  claims: readonly Claimed<Content>[],
  batch: Batch<Content>,
): Promise<void> {
  await transact(pool, async (client) => {
    // First the positions: their row locks make a second projector wait, and a deposed one stop, before rows are touched.
    await movePositions(client, claims, batch.through);
    await foldInto(client, claims, batch.entries);
  });
  for (const claim of claims) claim.seq = batch.through.seq;
}

async function applyAlone<Content>(
  pool: Pool,
  claim: Claimed<Content>,
  batch: Batch<Content>,
): Promise<void> {
  const entries = batch.entries.filter((entry) => entry.seq > claim.seq);
  try {
    return await applyTogether(pool, [claim], { entries, through: batch.through });
  } catch (error) {
    if (!isTheBatchesFault(error)) throw error;
    if (error instanceof BadEntry) return await applyUntil(pool, claim, { entries, error });
    const read = entries.filter((entry) => claim.projection.kinds.includes(entry.kind));
    const middle = read[Math.floor(read.length / 2)];
    if (read.length < 2 || middle === undefined)
      return await applyUntil(pool, claim, {
        entries,
        error: new BadEntry(read[0]?.seq ?? batch.through.seq, error),
      });
    await applyBefore(pool, claim, { entries, seq: middle.seq });
    if (claim.paused === null) await applyAlone(pool, claim, { entries, through: batch.through });
  }
}

/** Applies what stands before a bad entry and pauses the projection there. */
async function applyUntil<Content>(
  pool: Pool,
  claim: Claimed<Content>,
  { entries, error }: { readonly entries: readonly Entry<Content>[]; readonly error: BadEntry },
): Promise<void> {
  await applyBefore(pool, claim, { entries, seq: error.seq });
  if (claim.paused !== null) return;
  const paused = { seq: error.seq, reason: error.message };
  await transact(pool, (client) => pausePosition(client, claim, paused));
  claim.paused = paused;
}

async function applyBefore<Content>(
  pool: Pool,
  claim: Claimed<Content>,
  { entries, seq }: { readonly entries: readonly Entry<Content>[]; readonly seq: number },
): Promise<void> {
  const before = entries.filter((entry) => entry.seq < seq);
  const last = before.at(-1);
  if (last)
    await applyAlone(pool, claim, { entries: before, through: { seq: last.seq, id: last.id } });
}

/** One projection's part of a batch. */
type Part<Content> = { readonly fold: Fold<Content>; readonly entries: readonly Entry<Content>[] };

/** Reads for all projections, then folds each while Postgres still writes the one before. */
export async function foldInto<Content>(
  client: ClientBase,
  claims: readonly Claimed<Content>[],
  entries: readonly Entry<Content>[],
): Promise<void> {
  const parts = claims.flatMap((claim) => partOf(claim, entries) ?? []);
  for (const { fold } of parts) for (const set of fold.sets) await set.load(client);
  let writing = Promise.resolve();
  try {
    for (const part of parts) {
      const statements = statementsOf(part);
      await writing;
      writing = writeAll(client, statements);
    }
  } finally {
    await writing;
  }
}

function partOf<Content>(
  claim: Claimed<Content>,
  entries: readonly Entry<Content>[],
): Part<Content> | undefined {
  const { kinds, open } = claim.projection;
  const mine = entries.filter((entry) => entry.seq > claim.seq && kinds.includes(entry.kind));
  if (mine.length === 0) return undefined;
  const fold = open();
  forEach(mine, (content) => fold.need(content));
  return { fold, entries: mine };
}

function statementsOf<Content>({ fold, entries }: Part<Content>): Statement[] {
  forEach(entries, (content) => fold.apply(content));
  try {
    fold.finish?.();
    return fold.sets.flatMap((set) => set.write() ?? []);
  } catch (cause) {
    throw new BadBatch(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function writeAll(client: ClientBase, statements: readonly Statement[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

/** Visits what entries hold; throws `BadEntry` at the first that can not be read or that `visit` throws at. */
export function forEach<Content>(
  entries: readonly Entry<Content>[],
  visit: (content: Content) => void,
): void {
  for (const entry of entries) {
    if (entry.unreadable) throw new BadEntry(entry.seq, entry.unreadable);
    try {
      visit(entry.content);
    } catch (cause) {
      throw new BadEntry(entry.seq, cause);
    }
  }
}

function isTheBatchesFault(error: unknown): boolean {
  return error instanceof BadEntry || error instanceof BadBatch || isBadData(error);
}

/** Runs a transaction; a lost commit is safe to lose, since rows and position are lost together and folded again. */
export async function transact<T>(
  pool: Pool,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin; set local synchronous_commit = off');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
