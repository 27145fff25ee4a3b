import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { removeDataDirectory } from './data-directory.ts';
import { emptyDirectory, isRunning } from './embedded.testkit.ts';
import { readPostgresHome, systemHome } from './postgres-home.ts';
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from './postgres.ts';

const asRoot = process.getuid?.() === 0;

const start = async (
  dataDir: string,
  more: Partial<PostgresOptions> = {},
): Promise<EmbeddedPostgres> => {
  const server = await startPostgres({ dataDir, fsync: false, ...more });
  onTestFinished(async () => await server.stop());
  return server;
};
const refusal = async (dataDir: string, more: Partial<PostgresOptions> = {}): Promise<unknown> =>
  await start(dataDir, more).catch((thrown: unknown) => thrown);

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded Postgres', () => {
  test('keeps its rows and its password across a restart', async () => {
    const folder = emptyDirectory();
    const first = await start(folder);
    await ask(first.url, "create table kept as select 'hello' as word");
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(isRunning(first.pid)).toBe(false);
    const second = await start(folder);
    expect(await ask(second.url, 'select word from kept')).toEqual([{ word: 'hello' }]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(statSync(join(folder, 'postgres-credentials.json')).mode & 0o077).toBe(0);
  });

  test('lets nobody in without the password, and nobody from another address', async () => {
    const server = await start(emptyDirectory());
    for (const user of ['writ', 'postgres']) {
      await expect(
        ask(`postgres://${user}@127.0.0.1:${server.port}/writ`, 'select 1'),
      ).rejects.toThrow();
      const wrong = `postgres://${user}:wrong@127.0.0.1:${server.port}/writ`;
      await expect(ask(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    }
    expect(await ask(server.url, 'show listen_addresses')).toEqual([
      { listen_addresses: '127.0.0.1' },
    ]);
  });

  test('gives the role `writ` its own databases and nothing else', async () => {
    const server = await start(emptyDirectory());
    await ask(server.url, 'create database another template writ');
    await expect(ask(server.url, "copy (select 1) to program 'true'")).rejects.toMatchObject({
      code: '42501',
    });
  });

  test('waits for the disk unless it is told that this is a test', async () => {
    const durable = await start(emptyDirectory(), { fsync: true });
    expect(await ask(durable.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    expect(await ask(durable.url, 'show synchronous_commit')).toEqual([
      { synchronous_commit: 'on' },
    ]);
  });

  test('starts twice at once in two directories', async () => {
    const [one, two] = await Promise.all([start(emptyDirectory()), start(emptyDirectory())]);
    expect(await ask(one.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await ask(two.url, 'select 2 as two')).toEqual([{ two: 2 }]);
  });

  test('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    onTestFinished(() => void other.close());
    const port = Number((other.address() as { port: number }).port);
    expect(await refusal(emptyDirectory(), { port })).toMatchObject({ code: 'PORT_TAKEN' });
  });

  test('refuses a second server on the same files', async () => {
    const folder = emptyDirectory();
    const first = await start(folder);
    expect(await refusal(folder)).toMatchObject({ code: 'DATA_IN_USE' });
    expect(await ask(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('goes on after it was killed in the middle', async () => {
    const folder = emptyDirectory();
    const first = await start(folder, { fsync: true });
    await ask(first.url, 'create table kept as select generate_series(1, 1000) as n');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await start(folder, { fsync: true });
    expect(await ask(second.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
  });

  test('throws half an initialisation away', async () => {
    const folder = emptyDirectory();
    mkdirSync(join(folder, 'postgres', 'data.new'), { recursive: true });
    writeFileSync(join(folder, 'postgres', 'data.new', 'PG_VERSION'), '18\n');
    const server = await start(folder);
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('says that its passwords are damaged rather than make new ones', async () => {
    const folder = emptyDirectory();
    writeFileSync(join(folder, 'postgres-credentials.json'), '{"super');
    expect(await refusal(folder)).toMatchObject({ code: 'DATA_UNREADABLE' });
  });

  test('writes no statement into its log', async () => {
    const server = await start(emptyDirectory());
    await expect(ask(server.url, "select 'personal' from nowhere")).rejects.toThrow();
    expect(readFileSync(server.logFile, 'utf8')).not.toContain('personal');
  });

  test('works below a directory that only its owner may pass through', async () => {
    const folder = join(emptyDirectory(0o700), 'data');
    onTestFinished(() => removeDataDirectory(folder));
    mkdirSync(folder);
    const first = await start(folder);
    await ask(first.url, 'create table kept as select 1 as n');
    await first.stop();
    const second = await start(folder);
    expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
    await second.stop();
    // Root's Postgres runs as an account that cannot reach it there.
    const home = readPostgresHome(folder);
    expect(home?.startsWith(`${systemHome}/`) ?? false).toBe(asRoot);
    removeDataDirectory(folder);
    expect(existsSync(home ?? folder)).toBe(false);
  });

  test('works in a directory that is itself closed', async () => {
    const folder = emptyDirectory(0o700);
    const server = await start(folder);
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(existsSync(join(folder, 'postgres', 'data'))).toBe(true);
  });
});
