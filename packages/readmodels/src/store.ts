/** The connection to Postgres: a pool for folds, and kysely over the same pool for queries. */
import { WritError } from '@writ/contracts';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';
import { closeWhenSilent } from './silent-connection.ts';

export type Store = {
  readonly db: Kysely<Database>;
  readonly pool: pg.Pool;
  close(): Promise<void>;
};

export type StoreOptions = {
  /** Connections at most. */
  readonly max?: number;
  readonly applicationName?: string;
  /** A statement that runs longer is cancelled by the server; 0 lets it run. */
  readonly statementTimeoutMs?: number;
  /** A server that says nothing for so long is taken for gone, and the connection is closed; 0 waits for ever. */
  readonly queryTimeoutMs?: number;
  readonly onTrouble?: (error: Error) => void;
};

/** Opens the read models; connects when first used, and again after every outage. */
export function openStore(databaseUrl: string, options: StoreOptions = {}): Store {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'writ',
    connectionTimeoutMillis: 5000,
    query_timeout: options.queryTimeoutMs ?? 0,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: { getTypeParser },
    options: `-c timezone=UTC -c statement_timeout=${options.statementTimeoutMs ?? 0}`,
  });
  // A connection may die at any moment, idle or between two statements; without listeners that would end the process.
  pool.on('error', (error) => options.onTrouble?.(error));
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    closeWhenSilent(client);
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const close = async (): Promise<void> => {
    await db.destroy();
    // Kysely ends a pool that it has used itself.
    if (!pool.ending) await pool.end();
  };
  return { db, pool, close };
}

const { builtins } = pg.types;

/** Sequences and counts are below 2^53 and become numbers; moments become RFC 3339 in UTC with milliseconds. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === builtins.INT8) return Number;
  if (oid === builtins.TIMESTAMPTZ) return momentOf;
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
}

function momentOf(text: string): string {
  const [date = '', time = ''] = text.split(' ');
  const [seconds = '', fraction = ''] = time.replace(/\+00(:00)?$/, '').split('.');
  return `${date}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

/** True for failures that pass when Postgres is there again: connections, shutdowns, lack of room, deadlocks. */
export function isOutage(error: unknown): boolean {
  return (
    !isBadData(error) &&
    !(error instanceof TypeError || error instanceof RangeError || error instanceof WritError)
  );
}

const BAD_DATA_CLASSES = new Set(['22', '23', '42', '54']);

/** True when Postgres understood the statement and refuses what is in it. */
export function isBadData(error: unknown): boolean {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.length === 5 && BAD_DATA_CLASSES.has(code.slice(0, 2));
}

/** Runs a query; what is not the query's fault becomes `STORE_UNAVAILABLE`. */
export async function reading<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (cause) {
    if (!isOutage(cause)) throw cause;
    throw new WritError(
      'STORE_UNAVAILABLE',
      'the read models can not be reached now; try again later',
      { cause },
    );
  }
}
