/**
 * From the start of a role's process, with a long log behind it, to its readiness. A governor begins at the snapshot
 * that a snapshotter would have left, or without one folds all of the log; a projector fills empty tables from it. The
 * floor reads the same log undecoded, in a process that runs already.
 */
import type { Bound } from './bounds.ts';
import { consume } from './consume.ts';
import type { LivedCell, SharedCell } from './lived-cell.ts';
import { inRuns, inThousands } from './measure.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { fillTables, type Start, startRole } from './role-starts.ts';

const floorIs = 'the log read undecoded';

type Variant = {
  readonly variant: string;
  readonly rounds: number;
  readonly start: (cell: LivedCell) => Promise<Start>;
  readonly wanted?: readonly Bound[];
};

const fromSnapshot: readonly Variant[] = [
  {
    variant: 'governor-snapshot',
    rounds: 3,
    start: ({ stage }) => startRole(stage, 'governor'),
    wanted: [{ of: 'p50Ms', atMost: 3000 }],
  },
  { variant: 'commander-snapshot', rounds: 3, start: ({ stage }) => startRole(stage, 'commander') },
];
const fromTheLog: readonly Variant[] = [
  { variant: 'governor-folding', rounds: 2, start: ({ stage }) => startRole(stage, 'governor') },
  { variant: 'projector', rounds: 1, start: ({ stage, events }) => fillTables(stage, events) },
];

export async function benchRestart(
  progress: Progress,
  _options: BenchOptions,
  shared: SharedCell,
): Promise<BenchResult[]> {
  const cell = await shared.cell();
  const results: BenchResult[] = [];
  for (const variant of fromSnapshot) results.push(await measure(cell, variant, progress));
  const operator = await cell.stage.connect('operator');
  await operator.request('$JS.API.STREAM.DELETE.SNAPSHOTS', '');
  for (const variant of fromTheLog) results.push(await measure(cell, variant, progress));
  return results;
}

async function measure(
  cell: LivedCell,
  { variant, rounds, start, wanted }: Variant,
  progress: Progress,
): Promise<BenchResult> {
  const started: number[] = [];
  const bare: number[] = [];
  let memoryMb = 0;
  for (let n = 0; n < rounds; n++) {
    const run = await start(cell);
    started.push(run.elapsedMs);
    memoryMb = Math.max(memoryMb, run.memoryMb);
    bare.push(await consume(cell.stage, cell.events));
    progress.step(`restart ${variant}`, (n + 1) / rounds);
  }
  return compare(
    {
      name: 'restart',
      variant: `${variant}-${inThousands(cell.events)}`,
      memoryMb,
      floorIs,
      ...(wanted && { wanted }),
    },
    inRuns(started),
    inRuns(bare),
  );
}
