/**
 * What it costs that the broker syncs each message to disk before it acknowledges it (`WRIT_SYNC=always`): the same
 * requests to two cells that differ in nothing else, bare publishes and commands, one at a time and many.
 */
import { addFloorStream, publisher, registerAgents, reporter } from './commands.ts';
import { treeMemoryMb } from './machine.ts';
import { drive, interleave, Samples } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { openStage } from './stage.ts';

const ROUNDS = 8;
const SLICE_MS = 500;

type Requests = {
  readonly publish: () => Promise<void>;
  readonly report: () => Promise<void>;
  readonly commanderPid: number;
};

const variants = [
  { variant: 'publish-1', kind: 'publish', inFlight: 1 },
  { variant: 'publish-32', kind: 'publish', inFlight: 32 },
  { variant: 'report-1', kind: 'report', inFlight: 1 },
  { variant: 'report-32', kind: 'report', inFlight: 32 },
] as const;

export async function benchSync(progress: Progress): Promise<BenchResult[]> {
  progress.say('sync: two cells, one that syncs every message and one that syncs every second');
  const [always, interval] = [await openRequests('always'), await openRequests('interval')];
  const results: BenchResult[] = [];
  for (const { variant, kind, inFlight } of variants) {
    const [synced, lazy] = [new Samples(), new Samples()];
    const options = { sliceMs: SLICE_MS, inFlight };
    for (const cell of [always, interval]) await drive(new Samples(), options, cell[kind]);
    let done = 0;
    const step = async (side: Promise<void>): Promise<void> => {
      await side;
      progress.step(`sync ${variant}`, ++done / (2 * ROUNDS));
    };
    await interleave(ROUNDS, [
      () => step(drive(synced, options, always[kind])),
      () => step(drive(lazy, options, interval[kind])),
    ]);
    const memoryMb = await treeMemoryMb(always.commanderPid);
    const floorIs = 'the same with a sync every second';
    const what = { name: 'sync', variant: `always-${variant}`, memoryMb, floorIs };
    results.push(compare(what, synced.result(), lazy.result()));
  }
  await Promise.all([always.stop(), interval.stop()]);
  return results;
}

async function openRequests(
  sync: 'always' | 'interval',
): Promise<Requests & { stop(): Promise<void> }> {
  const stage = await openStage({ sync });
  await registerAgents(stage);
  const commander = await stage.run('commander');
  const operator = await stage.connect('operator');
  await addFloorStream(operator);
  return {
    publish: publisher(operator),
    report: reporter(await stage.connect('api-store')),
    commanderPid: commander.pid,
    stop: () => stage.stop(),
  };
}
