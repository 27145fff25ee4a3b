/** A table that a projection owns, and the two statements it is read and written with, a whole batch at a time. */
import { arrayLiteral, type ColumnType, elementType, storable } from './columns.ts';

/** The text of a statement and its parameters; prepared once per connection under its name. */
export type Statement = { readonly name: string; readonly text: string; readonly values: string[] };

export type Table<Row> = {
  readonly name: string;
  readonly key: readonly (keyof Row & string)[];
  readonly columns: { readonly [C in keyof Row & string]: ColumnType };
  /** What a later event of the same key does: replaces the row, or leaves the first one as it is. */
  readonly onConflict: 'replace' | 'keep';
};

/** The key of a row as one string; no part of a key holds a line break. */
export function keyOf<Row>(table: Table<Row>, row: Row): string {
  const [first] = table.key;
  if (table.key.length === 1 && first !== undefined) return String(row[first]);
  let key = '';
  for (const column of table.key) key += `${String(row[column])}\n`;
  return key;
}

export function columnNames<Row>(table: Table<Row>): (keyof Row & string)[] {
  return Object.keys(table.columns) as (keyof Row & string)[];
}

/** A row with the text that Postgres can not store replaced; the row itself where there is none. */
export function storableRow<Row>(table: Table<Row>, row: Row): Row {
  let stored = row;
  for (const column of columnNames(table)) {
    const kept = storable(row[column]);
    if (kept !== row[column]) stored = { ...stored, [column]: kept };
  }
  return stored;
}

/** Reads the rows of many keys: one probe of the primary key each, whatever the statistics of the table say. */
export function selectByKeys<Row>(
  table: Table<Row>,
  keys: readonly (readonly string[])[],
): Statement {
  const alias = table.key.map((_, i) => `k${i}`);
  const arrays = table.key.map((column, i) => `$${i + 1}::${table.columns[column]}[]`);
  const matches = table.key.map((column, i) => `t.${column} = k.k${i}`);
  const text = `select f.* from unnest(${arrays.join(', ')}) as k(${alias.join(', ')})
    cross join lateral (select ${columnNames(table).join(', ')} from ${table.name} t where ${matches.join(' and ')} limit 1) f`;
  const values = table.key.map((column, i) =>
    arrayLiteral(
      table.columns[column],
      keys.map((key) => key[i]),
    ),
  );
  return { name: `select-${table.name}`, text, values };
}

/** Reads a table in the order of its key, a page at a time. */
export function selectPage<Row>(
  table: Table<Row>,
  { after, limit }: { readonly after: Row | undefined; readonly limit: number },
): { readonly text: string; readonly values: unknown[] } {
  const key = table.key.join(', ');
  const behind =
    after &&
    `where (${key}) > (${table.key.map((column, i) => `$${i + 1}::${table.columns[column]}`).join(', ')})`;
  const text = `select ${columnNames(table).join(', ')} from ${table.name} ${behind ?? ''} order by ${key} limit ${limit}`;
  return { text, values: after ? table.key.map((column) => after[column]) : [] };
}

/** Writes many rows at once. */
export function upsertRows<Row>(table: Table<Row>, rows: readonly Row[]): Statement {
  const columns = columnNames(table);
  const stored = rows.map((row) => storableRow(table, row));
  const values = columns.map((column) =>
    arrayLiteral(
      table.columns[column],
      stored.map((row) => row[column]),
    ),
  );
  return { name: `upsert-${table.name}`, text: upsertText(table, columns), values };
}

function upsertText<Row>(table: Table<Row>, columns: readonly (keyof Row & string)[]): string {
  const arrays = columns.map((column, i) => `$${i + 1}::${elementType(table.columns[column])}[]`);
  const read = columns.map((column) => `u.${column}::${table.columns[column]}`);
  const moved = columns.filter((column) => !table.key.includes(column));
  const action =
    table.onConflict === 'keep' || moved.length === 0
      ? 'do nothing'
      : `do update set ${moved.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  return `insert into ${table.name} (${columns.join(', ')})
    select ${read.join(', ')} from unnest(${arrays.join(', ')}) as u(${columns.join(', ')})
    on conflict (${table.key.join(', ')}) ${action}`;
}
