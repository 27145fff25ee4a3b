/**
 * Real Postgres databases for tests: each a clone of a template that is prepared once.
 *
 * The server is the one of the whole run where the runner's global setup has started it (`postgres-run.ts`), else one
 * of the test file. A server of the file ends with its last database.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startPostgres } from '@writ/embedded';
import pg from 'pg';
import { eventually } from './eventually.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Postgres of the whole run. */
    writPostgresUrl: string;
  }
}

export type TestPostgres = {
  readonly url: string;
  readonly pid: number;
  /** Stops the server and keeps its data. */
  halt(): Promise<void>;
  /** Starts it again after `halt`, on the same address. */
  resume(): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
};

export type TestDatabase = {
  readonly url: string;
  /** Removes the database, and ends whatever is still connected to it. */
  drop(): Promise<void>;
};

/** Starts a Postgres of one's own, without durability. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'writ-test-postgres-'));
  let server: EmbeddedPostgres | undefined;
  try {
    server = await startPostgres({ dataDir, fsync: false });
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
  const { url, port, pid } = server;
  const halt = async () => {
    await server?.stop();
    server = undefined;
  };
  return {
    url,
    pid,
    halt,
    resume: async () => {
      server = await startPostgres({ dataDir, port, fsync: false });
    },
    stop: async () => {
      await halt();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

let ownServer: Promise<TestPostgres> | undefined;
let databasesOpen = 0;

/**
 * A database for one test file. `prepare` makes what all databases of this template name begin with; it runs once for
 * a server and must leave no connection behind.
 */
export async function testDatabase(
  template: string,
  prepare: (url: string) => Promise<void>,
): Promise<TestDatabase> {
  databasesOpen++;
  const shared = await urlOfTheRun();
  ownServer ??= shared === undefined ? startTestPostgres() : undefined;
  const serverUrl = shared ?? (await ownServer)?.url ?? '';
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, async (client) => {
    const source = await ensureTemplate(client, { serverUrl, template, prepare });
    await client.query(`create database ${name} template ${source}`);
  });
  return {
    url: inDatabase(serverUrl, name),
    async drop() {
      await withClient(serverUrl, (client) => dropDatabase(client, name));
      databasesOpen--;
      if (databasesOpen > 0 || ownServer === undefined) return;
      const server = await ownServer;
      ownServer = undefined;
      await server.stop();
    },
  };
}

/** Removes the templates of this kit from a server. */
export async function dropTemplates(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where datname like 'template\\_writ\\_%'",
    );
    for (const { datname } of rows) await dropDatabase(client, datname);
  });
}

async function urlOfTheRun(): Promise<string | undefined> {
  const { inject } = await import('vitest');
  return inject('writPostgresUrl') as string | undefined;
}

type Template = {
  readonly serverUrl: string;
  readonly template: string;
  readonly prepare: (url: string) => Promise<void>;
};

/** Test files of one run ask for it at the same time: a lock of the server makes all but one wait. */
async function ensureTemplate(
  client: pg.Client,
  { serverUrl, template, prepare }: Template,
): Promise<string> {
  const name = `template_writ_${template}`;
  await client.query("select pg_advisory_lock(hashtext('writ test templates'))");
  try {
    const known = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (known.rowCount !== 0) return name;
    await dropDatabase(client, `${name}_unfinished`);
    await client.query(`create database ${name}_unfinished`);
    await prepare(inDatabase(serverUrl, `${name}_unfinished`));
    await client.query(`alter database ${name}_unfinished rename to ${name}`);
    return name;
  } finally {
    await client.query("select pg_advisory_unlock(hashtext('writ test templates'))");
  }
}

async function withClient(
  url: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function inDatabase(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}

/**
 * Drops a database and ends who is connected to it. Postgres cleans tables by itself as a superuser, whom this user may
 * not end: that is over in a moment, and then it goes.
 */
async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await eventually(
    async () => {
      await client.query(`drop database if exists ${name} with (force)`);
      return true;
    },
    { withinMs: 60_000, everyMs: 100 },
  );
}
