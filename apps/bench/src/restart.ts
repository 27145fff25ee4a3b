/**
 * From the start of a role's process with a log behind it to its readiness: a governor folds the whole log into memory,
 * a projector fills empty tables from it. The floor reads the same log undecoded, in a process that runs already.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { consume } from './consume.ts';
import { treeMemoryMb } from './machine.ts';
import { inEvents } from './measure.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { inThousands, seedFacts } from './seed.ts';
import { openStage, type Stage } from './stage.ts';

const EVENTS = 200_000;
const ROUNDS = 2;
const floorIs = 'the log read undecoded';

type Run = { readonly elapsedMs: number; readonly memoryMb: number };

export async function benchRestart(
  progress: Progress,
  { events: wanted = EVENTS }: BenchOptions = {},
): Promise<BenchResult[]> {
  const stage = await openStage();
  try {
    progress.say(`restart: filling the log with ${wanted} events`);
    const events = await seedFacts(await stage.store(), wanted);
    const roles = { governor: startGovernor, projector: startProjector };
    const results: BenchResult[] = [];
    for (const [role, start] of Object.entries(roles)) {
      const started: number[] = [];
      const bare: number[] = [];
      let memoryMb = 0;
      for (let n = 0; n < ROUNDS; n++) {
        const run = await start(stage, events);
        started.push(run.elapsedMs);
        memoryMb = Math.max(memoryMb, run.memoryMb);
        progress.step(`restart ${role}`, (2 * n + 1) / (2 * ROUNDS));
        bare.push(await consume(stage, events));
        progress.step(`restart ${role}`, (2 * n + 2) / (2 * ROUNDS));
      }
      const what = {
        name: 'restart',
        variant: `${role}-${inThousands(events)}`,
        memoryMb,
        floorIs,
      };
      results.push(compare(what, inEvents(started, events), inEvents(bare, events)));
    }
    return results;
  } finally {
    await stage.stop();
  }
}

/** A governor says that it is ready when it has folded the log to its end. */
async function startGovernor(stage: Stage): Promise<Run> {
  const began = performance.now();
  const governor = await stage.run('governor');
  const elapsedMs = performance.now() - began;
  const memoryMb = await treeMemoryMb(governor.pid);
  await governor.stop();
  return { elapsedMs, memoryMb };
}

/** A projector is where it should be when every position is at the end of the log. */
async function startProjector(stage: Stage, events: number): Promise<Run> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'kysely%' and table_name <> 'trust_models'",
    );
    await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
    const began = performance.now();
    const projector = await stage.run('projector');
    for (;;) {
      const { rows } = await client.query<{ seq: string }>(
        "select coalesce(min(seq), 0) as seq from projection_positions where source = 'EVENTS'",
      );
      if (Number(rows[0]?.seq ?? 0) >= events) break;
      await wait(20);
    }
    const elapsedMs = performance.now() - began;
    const memoryMb = await treeMemoryMb(projector.pid);
    await projector.stop();
    return { elapsedMs, memoryMb };
  } finally {
    await client.end();
  }
}
