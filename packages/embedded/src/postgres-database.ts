import pg from 'pg';
import { EmbeddedError } from './embedded-error.ts';
import type { PostgresCredentials } from './postgres-credentials.ts';

/** True when a real connection gets an answer; false when the role or its database do not exist yet. */
export async function databaseAnswers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (thrown) {
    const code = thrown instanceof pg.DatabaseError ? thrown.code : undefined;
    if (code === '28P01' || code === '3D000') return false;
    throw new EmbeddedError(
      'SERVER_FAILED',
      `postgres started but does not answer: ${String(thrown)}`,
      thrown,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Makes the role `writ` (it may create databases and nothing else) and its database where they are missing. */
export async function ensureDatabase(
  port: number,
  credentials: PostgresCredentials,
): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: credentials.superuser,
    database: 'postgres',
  });
  try {
    await client.connect();
    const roles = await client.query("select 1 from pg_roles where rolname = 'writ'");
    const verb = roles.rowCount === 0 ? 'create' : 'alter';
    await client.query(
      `${verb} role writ login createdb nosuperuser password '${credentials.password}'`,
    );
    const databases = await client.query("select 1 from pg_database where datname = 'writ'");
    if (databases.rowCount === 0) await client.query('create database writ owner writ');
  } catch (thrown) {
    throw new EmbeddedError(
      'SERVER_FAILED',
      `the database \`writ\` could not be made: ${String(thrown)}`,
      thrown,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
