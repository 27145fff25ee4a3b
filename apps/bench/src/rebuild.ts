/**
 * Rebuilding read models while they are projected on and read over HTTP, against the least that it takes: reading the
 * log undecoded, and COPY of the same rows, made before, into tables of the same shape, with the same indexes afterwards.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { projections } from '@writ/readmodels';
import { consume } from './consume.ts';
import { lookOverHttp } from './http-looks.ts';
import type { LivedCell, SharedCell } from './lived-cell.ts';
import { inEvents, inThousands } from './measure.ts';
import type { BenchOptions, Progress } from './progress.ts';
import { copyIn, rebuildOnce, type RowFile, writeOut } from './rebuild-once.ts';
import { type BenchResult, compare } from './report.ts';
import { agentIdOf, seed } from './seed.ts';
import { enrolledAgent, factsOf } from './seeded-events.ts';
import { startReader } from './steady-reader.ts';

const ROUNDS = 2;
const LOOK_EVERY_MS = 100;
/** What somebody who watches has on the screen. */
const PAGE = 50;
const REPORT_EVERY_MS = 50;
const floorIs = 'the log read undecoded, then COPY of the same rows and the same indexes';

export const everyProjection: readonly string[] = projections.EVENTS.map(({ name }) => name);

/** The tables of projections of the log. */
export function tablesOf(names: readonly string[]): readonly string[] {
  return projections.EVENTS.filter(({ name }) => names.includes(name)).flatMap(
    ({ tables }) => tables,
  );
}

const variants: readonly { readonly variant: string; readonly names: readonly string[] }[] = [
  { variant: 'all', names: everyProjection },
  { variant: 'executions', names: ['executions'] },
];

export async function benchRebuild(
  progress: Progress,
  _options: BenchOptions,
  shared: SharedCell,
): Promise<BenchResult[]> {
  const cell = await shared.cell();
  const living = await reportOn(cell);
  progress.say('rebuild: filling the tables');
  await rebuildOnce(cell.stage, everyProjection);
  const api = await cell.stage.run('api', 'projector');
  const reader = startReader(
    () =>
      lookOverHttp({
        httpUrl: api.url,
        apiKey: cell.apiKey,
        cell: cell.stage.secrets.cell,
        agentId: living.agentId,
        rows: PAGE,
      }),
    LOOK_EVERY_MS,
  );
  try {
    const results: BenchResult[] = [];
    for (const { variant, names } of variants)
      results.push(await measure(cell, { variant, names, progress }));
    return results;
  } finally {
    await living.stop();
    await reader.stop();
    progress.say(`rebuild: a reader looked ${reader.looks} times over HTTP and never saw less`);
    await api.stop();
  }
}

type Variant = {
  readonly variant: string;
  readonly names: readonly string[];
  readonly progress: Progress;
};

async function measure(
  { stage, events }: LivedCell,
  { variant, names, progress }: Variant,
): Promise<BenchResult> {
  let files: readonly RowFile[] | undefined;
  const rebuilt: number[] = [];
  const bare: number[] = [];
  let memoryMb = 0;
  for (let n = 0; n < ROUNDS; n++) {
    const run = await rebuildOnce(stage, names);
    rebuilt.push((run.elapsedMs * events) / run.events);
    memoryMb = Math.max(memoryMb, run.memoryMb);
    progress.step(`rebuild ${variant}`, (2 * n + 1) / (2 * ROUNDS));
    files ??= await writeOut(stage, tablesOf(names));
    bare.push((await consume(stage, events)) + (await copyIn(stage, files)));
    progress.step(`rebuild ${variant}`, (2 * n + 2) / (2 * ROUNDS));
  }
  return compare(
    {
      name: 'rebuild',
      variant: `${variant}-${inThousands(events)}`,
      memoryMb,
      floorIs,
      wanted: [{ of: 'rateRatio', atLeast: 0.5 }],
    },
    inEvents(rebuilt, events),
    inEvents(bare, events),
  );
}

/** One more agent works all the time, so that what is read moves. */
async function reportOn({ stage, seeder, agents }: LivedCell): Promise<{
  readonly agentId: string;
  stop(): Promise<void>;
}> {
  const n = agents + 1_000_000;
  const begun = Promise.withResolvers<void>();
  let stopped = false;
  const working = seed(
    await stage.store(),
    function* (seeding) {
      yield enrolledAgent(seeding, n, 1);
      for (let from = 0; !stopped; from++) {
        yield factsOf(seeding, n, { from, count: 1 });
        yield () => wait(REPORT_EVERY_MS);
      }
    },
    { seeder, atOnce: 1, onStored: () => begun.resolve() },
  );
  await Promise.race([begun.promise, working]);
  working.catch(() => undefined);
  return {
    agentId: agentIdOf(n, seeder),
    async stop() {
      stopped = true;
      await working;
    },
  };
}
