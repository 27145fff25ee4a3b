/** Measurements, each beside the floor it stands on, in one run. */
import { benchBoot } from './boot.ts';
import { benchCommands } from './commands.ts';
import { benchDecisions } from './decisions.ts';
import { benchGrants } from './grants.ts';
import { benchGrowth } from './growth.ts';
import { benchKillSwitch } from './kill-switch.ts';
import { shareCell, type SharedCell } from './lived-cell.ts';
import { thisMachine } from './machine.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { benchProjections } from './projections.ts';
import { benchRebuild } from './rebuild.ts';
import { benchRestart } from './restart.ts';
import type { BenchReport, BenchResult } from './report.ts';
import { closeStages } from './stage.ts';
import { benchSync } from './sync.ts';

export type { Verdict } from './bounds.ts';
export type { BenchOptions, Progress } from './progress.ts';
export type { BenchReport, BenchResult, Grown, Growth } from './report.ts';
export { EVENTS_EACH, LEAST_EACH, seedHistory, seedRules } from './history.ts';
export type { Seeder } from './seed.ts';
export { lookOverHttp } from './http-looks.ts';
export { startReader } from './steady-reader.ts';

type Bench = (
  progress: Progress,
  options: BenchOptions,
  shared: SharedCell,
) => Promise<readonly BenchResult[]>;

const benches = {
  decisions: benchDecisions,
  commands: benchCommands,
  sync: benchSync,
  projections: benchProjections,
  rebuild: benchRebuild,
  restart: benchRestart,
  boot: benchBoot,
  'kill-switch': benchKillSwitch,
  grants: benchGrants,
} as const satisfies Record<string, Bench>;

export type BenchName = keyof typeof benches | 'growth';
export const benchNames = [
  ...(Object.keys(benches) as (keyof typeof benches)[]),
  'growth',
] as const;
/** What is run when nothing is named: `growth` takes longer than all of these together. */
export const usualBenches = Object.keys(benches) as readonly BenchName[];

const LOG_EVENTS = 1_000_000;

/** Runs the named benches one after the other; what they started is gone afterwards, also when it is called off. */
export async function runBenches(
  names: readonly BenchName[],
  progress: Progress,
  { signal, ...options }: BenchOptions & { readonly signal?: AbortSignal } = {},
): Promise<BenchReport> {
  const calledOff = new Promise<never>((_, reject) =>
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
  try {
    return await Promise.race([runAll(names, progress, options), calledOff]);
  } finally {
    await closeStages();
  }
}

async function runAll(
  names: readonly BenchName[],
  progress: Progress,
  options: BenchOptions,
): Promise<BenchReport> {
  const shared = shareCell(progress, options.events?.[0] ?? LOG_EVENTS);
  const results: BenchResult[] = [];
  let growth: BenchReport['growth'];
  for (const name of names) {
    if (name !== 'growth') results.push(...(await benches[name](progress, options, shared)));
    else {
      const grown = await benchGrowth(progress, options);
      results.push(...grown.benches);
      growth = grown.growth;
    }
  }
  return { machine: thisMachine(), benches: results, ...(growth && { growth }) };
}
