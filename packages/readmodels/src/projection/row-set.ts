/** The rows of one table that a batch touches: read together, folded in memory, written together. */
import type { ClientBase } from 'pg';
import { compareRows, type RowDifference } from './compare-rows.ts';
import { copyChunks, copyStatement } from './copy-text.ts';
import { keyOf, selectByKeys, type Statement, type Table, upsertRows } from './table.ts';

export type RowSet<Row> = AnyRowSet & {
  readonly table: Table<Row>;
  /** Says that the row of this key must be at hand before the batch is folded. */
  need(...key: string[]): void;
  get(...key: string[]): Row | undefined;
  /** Puts a row; in a table that keeps its first rows a later one of the same key is dropped. */
  put(row: Row): void;
  /** The rows that were put, as they stand. */
  changed(): Row[];
};

/** A row set whatever its rows are. */
export type AnyRowSet = {
  readonly tableName: string;
  /** How many rows are at hand. */
  readonly size: number;
  /** How many rows are needed and not at hand. */
  readonly wanted: number;
  /** From now on only rows of keys that something was written under are looked for. */
  wantOnly(isWritten: (key: string) => boolean): void;
  /** Gives what was put to the tables and forgets every row; `wasWritten` is asked once for each key that was put. */
  takeAll(wasWritten: (key: string) => boolean): TakenRows;
  load(client: ClientBase): Promise<void>;
  /** The statement that writes what was put; `undefined` when nothing was. */
  write(): Statement | undefined;
  /** Compares the rows that were put with the whole table; returns how many rows that has. */
  compare(client: ClientBase, report: (difference: RowDifference) => void): Promise<number>;
};

/** Rows on their way to a table: those of new keys for COPY, and a statement for the others. */
export type TakenRows = {
  readonly copy: { readonly text: string; readonly chunks: readonly Buffer[] } | undefined;
  readonly rewrite: Statement | undefined;
};

export function rowSet<Row extends object>(table: Table<Row>): RowSet<Row> {
  const loaded = new Map<string, Row>();
  const put = new Map<string, Row>();
  const wanted = new Map<string, string[]>();
  let mayBeWritten = (_key: string): boolean => true;
  const has = (key: string): boolean => put.has(key) || loaded.has(key);
  const changed = (): Row[] => [...put.values()];
  return {
    table,
    tableName: table.name,
    get size() {
      return put.size + loaded.size;
    },
    get wanted() {
      return wanted.size;
    },
    wantOnly(isWritten) {
      mayBeWritten = isWritten;
    },
    takeAll(wasWritten) {
      const fresh: Row[] = [];
      const known: Row[] = [];
      for (const [key, row] of put) (wasWritten(key) ? known : fresh).push(row);
      put.clear();
      loaded.clear();
      return {
        copy:
          fresh.length > 0
            ? { text: copyStatement(table), chunks: copyChunks(table, fresh) }
            : undefined,
        rewrite: known.length > 0 ? upsertRows(table, known) : undefined,
      };
    },
    need(...key) {
      const joined = joinKey(key);
      if (!has(joined) && mayBeWritten(joined)) wanted.set(joined, key);
    },
    get(...key) {
      const joined = joinKey(key);
      return put.get(joined) ?? loaded.get(joined);
    },
    put(row) {
      const key = keyOf(table, row);
      if (table.onConflict === 'keep' && has(key)) return;
      put.set(key, row);
      loaded.delete(key);
    },
    changed,
    async load(client) {
      if (wanted.size === 0) return;
      const found = await client.query<Row>(selectByKeys(table, [...wanted.values()]));
      for (const row of found.rows) loaded.set(keyOf(table, row), row);
      wanted.clear();
    },
    write: () => (put.size > 0 ? upsertRows(table, changed()) : undefined),
    compare: (client, report) => compareRows(client, { table, rows: changed() }, report),
  };
}

/** As `keyOf` makes it of a row. */
function joinKey(key: readonly string[]): string {
  const [first = ''] = key;
  if (key.length === 1) return first;
  let joined = '';
  for (const part of key) joined += `${part}\n`;
  return joined;
}
