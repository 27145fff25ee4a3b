/**
 * Folding a stream from its start into empty tables.
 *
 * 1. Rows stay in memory until a table has more than `MOST_ROWS` of them; then all of that table are written and
 *    forgotten. Small tables are written once, at the end.
 * 2. A row that is needed again after it was written is read again; the keys that were written are known well enough
 *    that hardly ever one is looked for in vain.
 * 3. Postgres writes while the next entries are folded; never more than one table's rows wait for it.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { forEach } from './apply.ts';
import type { Entry, Fold, Projection } from './projection.ts';
import type { RebuildTables } from './rebuild-tables.ts';
import type { AnyRowSet, TakenRows } from './row-set.ts';
import { type SeenKeys, seenKeys } from './seen-keys.ts';

export type BulkLoad<Content> = {
  /** Folds entries that follow those before. */
  add(entries: readonly Entry<Content>[]): Promise<void>;
  /** Writes what is still in memory. */
  finish(): Promise<void>;
};

type Loading = { readonly set: AnyRowSet; readonly written: SeenKeys };
type Part<Content> = {
  readonly projection: Projection<Content>;
  readonly fold: Fold<Content>;
  readonly sets: readonly Loading[];
  /** Entries of the batch at hand that it reads. */
  waiting: Entry<Content>[];
};

const MOST_ROWS = 10_000;

export function openBulkLoad<Content>(
  { client, tables }: { readonly client: ClientBase; readonly tables: RebuildTables },
  projections: readonly Projection<Content>[],
  {
    expected,
    mostRows = MOST_ROWS,
  }: { readonly expected: number; readonly mostRows?: number | undefined },
): BulkLoad<Content> {
  const parts = projections.map((projection): Part<Content> => {
    const fold = projection.open();
    const sets = fold.sets.map((set) => ({ set, written: seenKeys(expected) }));
    for (const { set, written } of sets) set.wantOnly((key) => written.mayHave(key));
    return { projection, fold, sets, waiting: [] };
  });
  const readers = new Map<string, readonly Part<Content>[]>();
  const readersOf = (kind: string): readonly Part<Content>[] => {
    const known = readers.get(kind);
    if (known !== undefined) return known;
    const found = parts.filter(({ projection }) => projection.kinds.includes(kind));
    readers.set(kind, found);
    return found;
  };
  let writing = Promise.resolve();
  const read = async ({ set }: Loading): Promise<void> => {
    if (set.wanted === 0) return;
    await writing;
    await tables.key(set.tableName);
    await set.load(client);
  };
  const write = async ({ set, written }: Loading): Promise<void> => {
    await writing;
    const taken = set.takeAll((key) => written.add(key));
    writing = writeRows(client, taken, () => tables.key(set.tableName));
    // It is awaited before the next use of the connection.
    writing.catch(() => undefined);
  };
  return {
    async add(entries) {
      for (const entry of entries)
        for (const part of readersOf(entry.kind)) part.waiting.push(entry);
      for (const part of parts) {
        const { fold, sets, waiting: mine } = part;
        part.waiting = [];
        forEach(mine, (content) => fold.need(content));
        for (const loading of sets) await read(loading);
        forEach(mine, (content) => fold.apply(content));
        if (sets.every(({ set }) => set.size <= mostRows)) continue;
        fold.finish?.();
        for (const loading of sets) if (loading.set.size > mostRows) await write(loading);
      }
    },
    async finish() {
      for (const { fold, sets } of parts) {
        fold.finish?.();
        for (const loading of sets) await write(loading);
      }
      await writing;
    },
  };
}

async function writeRows(
  client: ClientBase,
  { copy, rewrite }: TakenRows,
  makeKey: () => Promise<void>,
): Promise<void> {
  if (copy) await pipeline(Readable.from(copy.chunks), client.query(copyFrom(copy.text)));
  if (!rewrite) return;
  await makeKey();
  await client.query(rewrite);
}
