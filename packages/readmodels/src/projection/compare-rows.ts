/** Comparing a table, row by row, with the rows a fold ended with. */
import { isDeepStrictEqual } from 'node:util';
import type { ClientBase } from 'pg';
import { keyOf, selectPage, storableRow, type Table } from './table.ts';

export type RowDifference = {
  readonly table: string;
  readonly key: string;
  readonly kind: 'missing' | 'unexpected' | 'different';
  /** The columns that differ, with what the fold has and what the row has. */
  readonly columns: Readonly<Record<string, readonly [folded: unknown, stored: unknown]>>;
};

const PAGE_ROWS = 5000;

/** Compares folded rows with their table; returns how many rows the table has. */
export async function compareRows<Row extends object>(
  client: ClientBase,
  { table, rows }: { readonly table: Table<Row>; readonly rows: readonly Row[] },
  report: (difference: RowDifference) => void,
): Promise<number> {
  const folded = new Map(rows.map((row) => [keyOf(table, row), storableRow(table, row)]));
  let count = 0;
  for (let after: Row | undefined; ; ) {
    const page = await client.query<Row>(selectPage(table, { after, limit: PAGE_ROWS }));
    for (const row of page.rows) {
      const key = keyOf(table, row);
      const expected = folded.get(key);
      folded.delete(key);
      count++;
      const columns = expected === undefined ? {} : differing(expected, row);
      const kind = expected === undefined ? 'unexpected' : 'different';
      if (expected === undefined || Object.keys(columns).length > 0)
        report({ table: table.name, key: shown(key), kind, columns });
    }
    after = page.rows.at(-1);
    if (page.rows.length < PAGE_ROWS) break;
  }
  for (const key of folded.keys())
    report({ table: table.name, key: shown(key), kind: 'missing', columns: {} });
  return count;
}

function differing<Row extends object>(folded: Row, stored: Row): RowDifference['columns'] {
  const columns: Record<string, readonly [unknown, unknown]> = {};
  for (const name of Object.keys(folded) as (keyof Row & string)[])
    if (!isDeepStrictEqual(folded[name], stored[name]))
      columns[name] = [folded[name], stored[name]];
  return columns;
}

function shown(key: string): string {
  return key.trimEnd().split('\n').join(' ');
}
