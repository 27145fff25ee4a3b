/**
 * Projections against bare set-based writes of the same rows: the projector folds a log of facts
 * into empty tables; the floor writes what it made, as it stands, into tables of the same shape in
 * statements of the same kind and transactions of the same size.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { connectAs } from '@writ/bus';
import { treeMemoryMb } from './machine.ts';
import { inEvents } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { seed } from './seed.ts';
import { seederKey, enrolledAgent, factsOf } from './seeded-events.ts';
import { copyTables, emptyTables, writeRows } from './bare-writes.ts';
import { openStage, type Stage } from './stage.ts';

const AGENTS = 500;
const FACTS_EACH = 100;
const ROUNDS = 3;

export async function benchProjections(progress: Progress): Promise<BenchResult[]> {
  const stage = await openStage();
  const client = new pg.Client({
    connectionString: stage.databaseUrl,
    types: { getTypeParser: momentsAsText },
  });
  await client.connect();
  try {
    progress.say(
      `projections: filling the log with ${AGENTS * FACTS_EACH} facts of ${AGENTS} agents`,
    );
    await seed(await stage.store(), function* (seeding) {
      yield seederKey(seeding);
      for (let n = 0; n < AGENTS; n++) {
        yield enrolledAgent(seeding, n, 2);
        yield factsOf(seeding, n, { from: 0, count: FACTS_EACH });
      }
    });
    const events = await lastSequence(stage);
    const folded: number[] = [];
    const written: number[] = [];
    let memoryMb = 0;
    for (let n = 0; n < ROUNDS; n++) {
      await emptyTables(client);
      const run = await project(stage, client, events);
      folded.push(run.elapsedMs);
      memoryMb = Math.max(memoryMb, run.memoryMb);
      progress.step('projections', (2 * n + 1) / (2 * ROUNDS));
      const rows = await copyTables(client);
      written.push(await writeRows(client, rows));
      progress.step('projections', (2 * n + 2) / (2 * ROUNDS));
    }
    const floorIs = 'the same rows written bare, set-based, in transactions of the same size';
    const variant = `facts-${Math.round(events / 1000)}k`;
    return [
      compare(
        {
          name: 'projections',
          variant,
          memoryMb,
          floorIs,
          wanted: [{ of: 'rateRatio', atLeast: 0.3 }],
        },
        inEvents(folded, events),
        inEvents(written, events),
      ),
    ];
  } finally {
    await client.end();
    await stage.stop();
  }
}

/** Moments are copied as they stand, not as dates. */
function momentsAsText(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  const { TIMESTAMPTZ } = pg.types.builtins;
  if (oid === TIMESTAMPTZ) return String;
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
}

async function lastSequence(stage: Stage): Promise<number> {
  const connection = await connectAs(stage.secrets, 'operator', { servers: stage.natsUrl });
  const reply = await connection.request('$JS.API.STREAM.INFO.EVENTS-1', '');
  await connection.close();
  const info = reply.json<{ state: { last_seq: number } }>();
  return info.state.last_seq;
}

/** From the first row the projector has committed to the last: its own start is no part of it. */
async function project(
  stage: Stage,
  client: pg.Client,
  lastSeq: number,
): Promise<{ elapsedMs: number; memoryMb: number }> {
  const began = performance.now();
  const projector = await stage.run('projector');
  let firstAt = 0;
  let firstSeq = 0;
  for (;;) {
    const { rows } = await client.query<{ seq: string }>(
      "select coalesce(min(seq), 0) as seq from projection_positions where source = 'EVENTS'",
    );
    const seq = Number(rows[0]?.seq ?? 0);
    if (seq > 0 && firstAt === 0) [firstAt, firstSeq] = [performance.now(), seq];
    if (seq >= lastSeq) break;
    // Asking without a pause would take the processor from what is measured.
    await wait(10);
    if (performance.now() - began > 300_000)
      throw new Error(`the projector is at ${seq} of ${lastSeq} after 300 s`);
  }
  const elapsed = performance.now() - firstAt;
  const memoryMb = await treeMemoryMb(projector.pid);
  await projector.stop();
  // The share that was done before the first look is added in proportion.
  const measured = lastSeq - firstSeq;
  return {
    elapsedMs: measured > 0 ? (elapsed * lastSeq) / measured : performance.now() - began,
    memoryMb,
  };
}
