/** The rows of the read models, written again without any folding: the floor of projections. */
import type pg from 'pg';
import { type ColumnType, type Table, upsertRows } from '@writ/readmodels';

type Row = Readonly<Record<string, unknown>>;
type Copied = { readonly table: Table<Row>; readonly rows: readonly Row[] };

const BATCH = 2000;
const FLOOR = 'bare';

/** Empties every table of the read models, positions too. */
export async function emptyTables(client: pg.Client): Promise<void> {
  const names = await tableNames(client);
  await client.query(`truncate ${[...names, 'projection_positions'].join(', ')}`);
}

/** Makes empty tables of the same shape beside them and reads what is in them. */
export async function copyTables(client: pg.Client): Promise<Copied[]> {
  await client.query(`drop schema if exists ${FLOOR} cascade; create schema ${FLOOR}`);
  const copied: Copied[] = [];
  for (const name of await tableNames(client)) {
    await client.query(`create table ${FLOOR}.${name} (like public.${name} including all)`);
    const { rows } = await client.query<Row>(`select * from ${name}`);
    if (rows.length > 0) copied.push({ table: await shapeOf(client, name), rows });
  }
  return copied;
}

/** Writes the rows in transactions of a batch across all tables; milliseconds it took. */
export async function writeRows(client: pg.Client, tables: readonly Copied[]): Promise<number> {
  const most = Math.max(...tables.map(({ rows }) => rows.length));
  const began = performance.now();
  for (let at = 0; at < most; at += BATCH) {
    await client.query('begin; set local synchronous_commit = off');
    for (const { table, rows } of tables) {
      const part = rows.slice(at, at + BATCH);
      if (part.length > 0) await client.query(upsertRows(table, part));
    }
    await client.query('commit');
  }
  return performance.now() - began;
}

async function tableNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
     and table_name not like 'kysely%' and table_name <> 'projection_positions' order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function shapeOf(client: pg.Client, name: string): Promise<Table<Row>> {
  const columns = await client.query<{ name: string; type: string }>(
    'select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped',
    [`public.${name}`],
  );
  const key = await client.query<{ name: string }>(
    'select a.attname as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indrelid = $1::regclass and i.indisprimary',
    [`public.${name}`],
  );
  return {
    name: `${FLOOR}.${name}`,
    key: key.rows.map((row) => row.name),
    columns: Object.fromEntries(columns.rows.map((row) => [row.name, typeOf(row.type)])),
    onConflict: 'replace',
  };
}

function typeOf(type: string): ColumnType {
  return (type === 'timestamp with time zone' ? 'timestamptz' : type) as ColumnType;
}
