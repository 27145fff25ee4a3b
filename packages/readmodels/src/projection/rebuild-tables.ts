/**
 * Tables of a rebuild, beside the ones that are read, and the moment they take their place.
 *
 * 1. They are made, filled and put in place in one transaction: until it commits nobody sees them, and whatever ends it
 *    before leaves nothing.
 * 2. They stand in a schema of their own that comes first in the transaction's search path, so every statement of a
 *    projection reaches them by the name it always uses.
 * 3. The tables in use are not vacuumed until the transaction ends: a vacuum would hold up the change of places for as long
 *    as it takes, for rows that are about to go. Readers and projectors never notice.
 * 4. Indexes and constraints are those of the tables in use, under the same names, made after the rows are there.
 */
import { WritError } from '@writ/contracts';
import type { ClientBase } from 'pg';

export type RebuildTables = {
  /** Makes the primary key of a table, unless it is there. */
  key(table: string): Promise<void>;
  /** Makes what else the tables in use have, and has Postgres look at the rows. */
  finish(onTable?: (table: string) => void): Promise<void>;
  /** Puts the tables in the place of those in use; throws `55P03` when readers would have to wait too long. */
  replace(): Promise<void>;
};

type Place = { readonly client: ClientBase; readonly home: string; readonly schema: string };

/** Postgres ends an automatic vacuum that somebody has waited for after a second. */
const VACUUM_MS = 10_000;

/** Makes empty tables of the same columns; for the rest of the transaction their names mean these. */
export async function makeRebuildTables(
  client: ClientBase,
  tables: readonly string[],
): Promise<RebuildTables> {
  const { rows } = await client.query<{ home: string; schema: string }>(
    "select quote_ident(current_schema()) as home, 'writ_rebuild_' || pg_backend_pid() as schema",
  );
  const [{ home, schema } = { home: 'public', schema: 'writ_rebuild' }] = rows;
  const place: Place = { client, home, schema };
  await holdOffVacuum(place, tables);
  await client.query(`create schema ${schema}`);
  for (const table of tables)
    await client.query(
      `create table ${schema}.${table} (like ${home}.${table} including all excluding indexes)`,
    );
  await client.query(`set local search_path to ${schema}, ${home}`);
  const keyed = new Set<string>();
  const key = async (table: string): Promise<void> => {
    if (keyed.has(table)) return;
    keyed.add(table);
    await addConstraints(place, table);
  };
  return {
    key,
    async finish(onTable) {
      for (const table of tables) {
        onTable?.(table);
        await key(table);
        await addIndexes(place, table);
        await client.query(`analyze ${schema}.${table}`);
      }
    },
    replace: () => replaceAll(place, tables),
  };
}

async function holdOffVacuum({ client, home }: Place, tables: readonly string[]): Promise<void> {
  await client.query(`set local lock_timeout = ${VACUUM_MS}`);
  try {
    for (const table of tables)
      await client.query(`lock table ${home}.${table} in share update exclusive mode`);
  } catch (cause) {
    if (!isLockTimeout(cause)) throw cause;
    throw new WritError(
      'VERSION_CONFLICT',
      'the tables are being vacuumed or altered by hand; wait until that has ended',
      { cause },
    );
  }
  await client.query('set local lock_timeout = 0');
}

/** Whether a lock was waited for too long. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}

async function addConstraints({ client, home, schema }: Place, table: string): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where conrelid = $1::regclass and contype in ('p', 'u', 'x')`,
    [`${home}.${table}`],
  );
  for (const { name, definition } of rows)
    await client.query(`alter table ${schema}.${table} add constraint ${name} ${definition}`);
}

async function addIndexes({ client, home, schema }: Place, table: string): Promise<void> {
  const { rows } = await client.query<{ definition: string }>(
    `select pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = $1::regclass and not exists (select from pg_constraint where conindid = indexrelid)`,
    [`${home}.${table}`],
  );
  for (const { definition } of rows)
    await client.query(definition.replace(` ON ${home}.${table} `, ` ON ${schema}.${table} `));
}

async function replaceAll(
  { client, home, schema }: Place,
  tables: readonly string[],
): Promise<void> {
  const named = tables.map((table) => `${home}.${table}`);
  await client.query(`lock table ${named.join(', ')} in access exclusive mode`);
  for (const table of tables) await copyPrivileges({ client, home, schema }, table);
  await client.query(`drop table ${named.join(', ')}`);
  for (const table of tables)
    await client.query(`alter table ${schema}.${table} set schema ${home}`);
  await client.query(`drop schema ${schema}`);
}

/** Whoever may read the table in use may read the new one. */
async function copyPrivileges({ client, home, schema }: Place, table: string): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('grant %s on ${schema}.${table} to %s', a.privilege_type,
       case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end) as statement
     from pg_class c cross join aclexplode(c.relacl) a where c.oid = $1::regclass and a.grantee <> c.relowner`,
    [`${home}.${table}`],
  );
  for (const { statement } of rows) await client.query(statement);
}
