/**
 * What a log takes as it grows: one cell whose log goes from size to size, and at each of them the rate of appending and
 * rebuilding beside their floors, the start and memory of every role, the memory of both servers, and the disk.
 */
import { join } from 'node:path';
import { addFloorStream } from './commands.ts';
import { consume } from './consume.ts';
import { demandRoom, directoryMb } from './disk.ts';
import { EVENTS_EACH } from './history.ts';
import { type LivedCell, openLivedCell } from './lived-cell.ts';
import { treeMemoryMb } from './machine.ts';
import { drive, inEvents, inRuns, inThousands, Samples } from './measure.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { everyProjection, tablesOf } from './rebuild.ts';
import { copyIn, rebuildOnce, writeOut } from './rebuild-once.ts';
import { type BenchResult, compare, type Grown, type Growth } from './report.ts';
import { startRole } from './role-starts.ts';
import { growthOf } from './slope.ts';

const SIZES = [100_000, 1_000_000, 3_000_000];
/** Log, tables, the tables of a rebuild beside them, their write-ahead log, and the floor's rows. */
const BYTES_PER_EVENT = 8_000;
/** A size that would take longer than what is left of this is not begun. */
const LONGEST_MS = 90 * 60_000;
const ROLES = ['gatekeeper', 'commander', 'governor', 'projector', 'snapshotter', 'api'];
const FLOOR = { sliceMs: 1000, inFlight: 100 };

export type GrowthResult = { readonly benches: readonly BenchResult[]; readonly growth: Growth };

export async function benchGrowth(
  progress: Progress,
  { events: wanted = SIZES }: BenchOptions,
): Promise<GrowthResult> {
  const sizes = [...new Set(wanted)].sort((a, b) => a - b);
  await demandRoom(BYTES_PER_EVENT * Math.max(...sizes));
  const began = performance.now();
  const cell = await openLivedCell(progress);
  try {
    const benches: BenchResult[] = [];
    const grown: Grown[] = [];
    for (const size of sizes) {
      const tookMs = performance.now() - began;
      if (tookMs * (size / Math.max(1, cell.events)) > LONGEST_MS - tookMs && cell.events > 0) {
        progress.say(`growth: ${size} events would take too long on this machine and are left out`);
        break;
      }
      if (size - cell.events < 2 * EVENTS_EACH) continue;
      benches.push(await append(cell, size, progress));
      benches.push(await rebuild(cell, progress));
      const { row, at } = await look(cell, progress);
      benches.push(row);
      grown.push(at);
    }
    return { benches, growth: growthOf(grown) };
  } finally {
    await cell.stage.stop();
  }
}

/** From the size before to this one; in between, messages of the same size are published bare. */
async function append(cell: LivedCell, size: number, progress: Progress): Promise<BenchResult> {
  const operator = await cell.stage.connect('operator');
  await addFloorStream(operator);
  const bare = new Samples();
  const before = cell.events;
  const store = await cell.stage.store();
  let n = 0;
  const tookMs = await cell.grow(size, async () => {
    const { bytes, messages } = await store.status();
    const body = new Uint8Array(Math.round(bytes / messages));
    await drive(bare, FLOOR, async () => {
      const ack = await operator.request(`floor.${n++ % 1000}`, body, { timeout: 10_000 });
      if (ack.string().includes('"error"')) throw new Error(`the floor: ${ack.string()}`);
    });
  });
  await operator.request('$JS.API.STREAM.DELETE.FLOOR', '');
  progress.say(`growth: the log has ${size} events`);
  const { perSecond } = bare.result();
  const floorIs = 'bare acknowledged publishes of messages of the same size, as many in flight';
  return compare(
    {
      name: 'growth',
      variant: `append-${inThousands(size)}`,
      memoryMb: await treeMemoryMb(cell.stage.serverPids.nats),
      floorIs,
    },
    inEvents([tookMs], size - before),
    inEvents([(1000 * (size - before)) / perSecond], size - before),
  );
}

async function rebuild({ stage, events }: LivedCell, progress: Progress): Promise<BenchResult> {
  const run = await rebuildOnce(stage, everyProjection);
  const files = await writeOut(stage, tablesOf(everyProjection));
  const bareMs = (await consume(stage, events)) + (await copyIn(stage, files));
  progress.say(`growth: the read models of ${events} events were rebuilt`);
  const floorIs = 'the log read undecoded, then COPY of the same rows and the same indexes';
  return compare(
    {
      name: 'growth',
      variant: `rebuild-${inThousands(events)}`,
      memoryMb: run.memoryMb,
      floorIs,
    },
    inEvents([run.elapsedMs], events),
    inEvents([bareMs], events),
  );
}

async function look(
  { stage, events, agents }: LivedCell,
  progress: Progress,
): Promise<{ readonly row: BenchResult; readonly at: Grown }> {
  const memoryMb: Record<string, number> = {
    nats: await treeMemoryMb(stage.serverPids.nats),
    postgres: await treeMemoryMb(stage.serverPids.postgres),
  };
  const startMs: Record<string, number> = {};
  for (const role of ROLES) {
    const start = await startRole(stage, role);
    memoryMb[role] = start.memoryMb;
    startMs[role] = Math.round(start.elapsedMs);
    progress.say(`growth: ${role} started`);
  }
  const diskMb = {
    nats: await directoryMb(join(stage.dataDir, 'nats')),
    postgres: await directoryMb(join(stage.dataDir, 'postgres')),
  };
  const row = compare(
    {
      name: 'growth',
      variant: `governor-start-${inThousands(events)}`,
      memoryMb: memoryMb['governor'] ?? 0,
      floorIs: 'the log read undecoded',
    },
    inRuns([startMs['governor'] ?? Number.NaN]),
    inRuns([await consume(stage, events)]),
  );
  return { row, at: { events, agents, memoryMb, startMs, diskMb } };
}
