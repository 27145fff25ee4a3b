/** Measurements, each beside the floor it stands on, in one run. */
import { benchBoot } from './boot.ts';
import { benchCommands } from './commands.ts';
import { benchDecisions } from './decisions.ts';
import { benchGovernorStart } from './governor-start.ts';
import { benchKillSwitch } from './kill-switch.ts';
import { thisMachine } from './machine.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { benchProjections } from './projections.ts';
import { benchRebuild } from './rebuild.ts';
import { benchRestart } from './restart.ts';
import type { BenchReport, BenchResult } from './report.ts';

export type { BenchOptions, Progress } from './progress.ts';
export type { BenchReport, BenchResult } from './report.ts';

export const benches = {
  decisions: benchDecisions,
  commands: benchCommands,
  projections: benchProjections,
  rebuild: benchRebuild,
  restart: benchRestart,
  boot: benchBoot,
  'governor-start': benchGovernorStart,
  'kill-switch': benchKillSwitch,
} as const;

export type BenchName = keyof typeof benches;
export const benchNames = Object.keys(benches) as BenchName[];

/** Runs the named benches one after the other; each brings its own servers and takes them away. */
export async function runBenches(
  names: readonly BenchName[],
  progress: Progress,
  options: BenchOptions = {},
): Promise<BenchReport> {
  const results: BenchResult[] = [];
  for (const name of names) results.push(...(await benches[name](progress, options)));
  return { machine: thisMachine(), benches: results };
}
