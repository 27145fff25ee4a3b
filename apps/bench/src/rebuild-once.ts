/** `writ db rebuild` in a process of its own, and the least that it takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { makeRebuildTables } from '@writ/readmodels';
import { treeMemoryMb } from './machine.ts';
import { cliEntry, type Stage } from './stage.ts';

const MEMORY_EVERY_MS = 250;
/** As a rebuild sends them. */
const COPY_BYTES = 256 * 1024;

export type Rebuild = {
  readonly elapsedMs: number;
  readonly memoryMb: number;
  readonly events: number;
};

/** Its time is what it says, without the start of the process. */
export async function rebuildOnce(stage: Stage, names: readonly string[]): Promise<Rebuild> {
  const child = spawn(process.execPath, [cliEntry, 'db', 'rebuild', ...names, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...stage.environment },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  let memoryMb = 0;
  const watch = setInterval(() => {
    void treeMemoryMb(child.pid ?? 0).then((now) => {
      memoryMb = Math.max(memoryMb, now);
    });
  }, MEMORY_EVERY_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  if (code !== 0) throw new Error(`\`writ db rebuild\` ended with ${code}: ${said}`);
  const { seconds, rebuilt } = JSON.parse(said) as {
    readonly seconds: number;
    readonly rebuilt: readonly { readonly events: number }[];
  };
  const events = rebuilt.reduce((sum, one) => sum + one.events, 0);
  return { elapsedMs: seconds * 1000, memoryMb, events };
}

export type RowFile = { readonly table: string; readonly path: string };

/** Copies the rows of tables into files. */
export async function writeOut(stage: Stage, tables: readonly string[]): Promise<RowFile[]> {
  const files = tables.map((table) => ({ table, path: join(stage.dataDir, `${table}.rows`) }));
  await withClient(stage, async (client) => {
    for (const { table, path } of files)
      await pipeline(client.query(copyTo(`copy ${table} to stdout`)), createWriteStream(path));
  });
  return files;
}

/** Loads rows from files into tables of the same shape, and makes their indexes; milliseconds it took. */
export async function copyIn(stage: Stage, files: readonly RowFile[]): Promise<number> {
  return await withClient(stage, async (client) => {
    const began = performance.now();
    await client.query(
      "begin; set local synchronous_commit = off; set local maintenance_work_mem = '128MB'",
    );
    const tables = await makeRebuildTables(
      client,
      files.map(({ table }) => table),
    );
    for (const { table, path } of files)
      await pipeline(
        createReadStream(path, { highWaterMark: COPY_BYTES }),
        client.query(copyFrom(`copy ${table} from stdin`)),
      );
    await tables.finish();
    const elapsedMs = performance.now() - began;
    await client.query('rollback');
    return elapsedMs;
  });
}

async function withClient<T>(stage: Stage, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
