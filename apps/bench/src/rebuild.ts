/**
 * Rebuilding read models against the least that it takes: reading the log undecoded, and COPY of the same rows, made
 * before, into tables of the same shape, with the same indexes afterwards.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { makeRebuildTables, projections } from '@writ/readmodels';
import { consume } from './consume.ts';
import { treeMemoryMb } from './machine.ts';
import { inEvents } from './measure.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { inThousands, seedFacts } from './seed.ts';
import { cliEntry, openStage, type Stage } from './stage.ts';

const EVENTS = 200_000;
const ROUNDS = 2;
/** From so many events on one round is long enough. */
const LONG = 500_000;
const MEMORY_EVERY_MS = 250;

const everyName: readonly string[] = projections.EVENTS.map(({ name }) => name);

const variants: readonly { readonly variant: string; readonly names: readonly string[] }[] = [
  { variant: 'all', names: everyName },
  { variant: 'executions', names: ['executions'] },
];

export async function benchRebuild(
  progress: Progress,
  { events: wanted = EVENTS }: BenchOptions = {},
): Promise<BenchResult[]> {
  const stage = await openStage();
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  try {
    progress.say(`rebuild: filling the log with ${wanted} events`);
    const events = await seedFacts(await stage.store(), wanted);
    const rounds = events < LONG ? ROUNDS : 1;
    const results: BenchResult[] = [];
    for (const { variant, names } of variants) {
      const tables = projections.EVENTS.filter(({ name }) => names.includes(name)).flatMap(
        (projection) => projection.tables,
      );
      let files: readonly RowFile[] | undefined;
      const rebuilt: number[] = [];
      const bare: number[] = [];
      let memoryMb = 0;
      for (let n = 0; n < rounds; n++) {
        const run = await rebuild(stage, names);
        rebuilt.push(run.elapsedMs);
        memoryMb = Math.max(memoryMb, run.memoryMb);
        progress.step(`rebuild ${variant}`, (2 * n + 1) / (2 * rounds));
        // The first rebuild makes the rows that the floor copies.
        files ??= await writeOut(stage, client, tables);
        bare.push((await consume(stage, events)) + (await copyIn(client, files)));
        progress.step(`rebuild ${variant}`, (2 * n + 2) / (2 * rounds));
      }
      const floorIs = 'the log read undecoded, then COPY of the same rows and the same indexes';
      const what = {
        name: 'rebuild',
        variant: `${variant}-${inThousands(events)}`,
        memoryMb,
        floorIs,
      };
      results.push(compare(what, inEvents(rebuilt, events), inEvents(bare, events)));
    }
    return results;
  } finally {
    await client.end();
    await stage.stop();
  }
}

/** `writ db rebuild` in a process of its own; its time is what it says, without the start of the process. */
async function rebuild(
  stage: Stage,
  names: readonly string[],
): Promise<{ elapsedMs: number; memoryMb: number }> {
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
  const { seconds } = JSON.parse(said) as { seconds: number };
  return { elapsedMs: seconds * 1000, memoryMb };
}

type RowFile = { readonly table: string; readonly path: string };

async function writeOut(
  stage: Stage,
  client: pg.Client,
  tables: readonly string[],
): Promise<RowFile[]> {
  const files = tables.map((table) => ({ table, path: join(stage.dataDir, `${table}.rows`) }));
  for (const { table, path } of files)
    await pipeline(client.query(copyTo(`copy ${table} to stdout`)), createWriteStream(path));
  return files;
}

/** Loads rows from files into tables of the same shape, and makes their indexes; milliseconds it took. */
async function copyIn(client: pg.Client, files: readonly RowFile[]): Promise<number> {
  const began = performance.now();
  await client.query(
    "begin; set local synchronous_commit = off; set local maintenance_work_mem = '128MB'",
  );
  const tables = await makeRebuildTables(
    client,
    files.map(({ table }) => table),
  );
  for (const { table, path } of files)
    await pipeline(createReadStream(path), client.query(copyFrom(`copy ${table} from stdin`)));
  await tables.finish();
  const elapsedMs = performance.now() - began;
  await client.query('rollback');
  return elapsedMs;
}
