/** Runs the measurements and shows each beside the floor it stands on. */
import {
  type BenchName,
  type BenchOptions,
  type BenchReport,
  benchNames,
  type BenchResult,
  type Growth,
  type Progress,
  runBenches,
  usualBenches,
  type Verdict,
} from '@writ/bench';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';
import type { Output, Stream } from '../terminal/output.ts';
import { type ProgressBar, progressBar } from '../terminal/progress-bar.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';

/** Runs the named measurements, all when none is named. */
export async function runBench(
  { out, host }: Session,
  names: readonly string[],
  options: BenchOptions = {},
): Promise<ExitCode> {
  const wanted = names.length === 0 ? usualBenches : names.map(checkName);
  const signal = host.interrupted();
  try {
    const report = await runBenches(wanted, progressOf(out, host.stderr), { ...options, signal });
    out.document(report, () => render(out, report));
    return exitCodes.done;
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new CliFailure(exitCodes.no, 'called off; what was started is gone', {
      code: 'CALLED_OFF',
      cause,
    });
  }
}

function progressOf(out: Output, stderr: Stream): Progress {
  let saidPercent = -1;
  let counted = '';
  let bar: ProgressBar | undefined;
  return {
    say(text) {
      bar?.end();
      out.note(text);
    },
    step(what, share) {
      const percent = Math.floor(share * 10) * 10;
      if (percent !== saidPercent) out.note(`${what}: ${percent} %`);
      saidPercent = percent;
    },
    count(what, done, total) {
      if (bar === undefined || counted !== what) bar = progressBar(stderr);
      counted = what;
      bar.show({ what, done, total });
    },
  };
}

function checkName(name: string): BenchName {
  const found = benchNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw new CliFailure(
    exitCodes.usage,
    `there is no measurement \`${name}\`; there are ${benchNames.join(', ')}`,
  );
}

function render(out: Output, { machine, benches, growth }: BenchReport): string {
  const columns: Column<BenchResult>[] = [
    { title: 'BENCH', cell: (row) => row.name },
    { title: 'VARIANT', cell: (row) => row.variant },
    { title: 'P50 MS', cell: (row) => String(row.p50Ms) },
    { title: 'P99 MS', cell: (row) => String(row.p99Ms) },
    { title: 'PER SECOND', cell: (row) => String(row.perSecond) },
    { title: 'MEMORY MB', cell: (row) => String(row.memoryMb) },
    { title: 'FLOOR P50', cell: (row) => String(row.floor.p50Ms) },
    { title: 'FLOOR RATE', cell: (row) => String(row.floor.perSecond) },
    { title: 'P50 ×', cell: (row) => String(row.ratio.p50) },
    { title: 'RATE ×', cell: (row) => String(row.ratio.rate) },
    { title: 'CPU µs', cell: ({ processorUs }) => (processorUs ? overFloor(processorUs) : '–') },
    { title: 'WANTED', cell: ({ wanted }) => wanted.map(verdictText).join(', ') || '–' },
  ];
  const fields = renderFields(
    out,
    Object.entries(machine).map(([name, value]) => [name, String(value)] as const),
  );
  const tables = [fields, renderTable(out, columns, benches, '')];
  return [...tables, ...(growth === undefined ? [] : [renderGrowth(out, growth)])].join('\n\n');
}

function overFloor({ each, over }: NonNullable<BenchResult['processorUs']>): string {
  return `${each}, ${over} over floor`;
}

const figureNames = {
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  p50Ratio: 'p50 ×',
  rateRatio: 'rate ×',
  bytesEach: 'bytes each',
  processorUs: 'CPU µs over floor',
} as const satisfies Record<Verdict['of'], string>;

function verdictText(verdict: Verdict): string {
  const bound = 'atMost' in verdict ? `≤ ${verdict.atMost}` : `≥ ${verdict.atLeast}`;
  return `${figureNames[verdict.of]} ${bound}: ${verdict.met ? 'met' : 'missed'}`;
}

type GrowthRow = { readonly what: string; readonly values: readonly number[] };

/** A line for each part, a column for each size, and last how much a million events add. */
function renderGrowth(out: Output, { sizes, perMillion }: Growth): string {
  const quantities = [
    ['memoryMb', 'MiB of'],
    ['startMs', 'ms to start'],
    ['diskMb', 'MiB on disk of'],
  ] as const;
  const rows = quantities.flatMap(([quantity, words]) =>
    Object.entries(perMillion[quantity]).map(([part, slope]): GrowthRow => {
      const values = sizes.map((size) => size[quantity][part] ?? Number.NaN);
      return { what: `${words} ${part}`, values: [...values, slope] };
    }),
  );
  const titles = [...sizes.map(({ events }) => events.toLocaleString('en-US')), 'PER MILLION'];
  const columns: Column<GrowthRow>[] = [
    { title: 'EVENTS', cell: ({ what }) => what },
    ...titles.map((title, i) => ({ title, cell: ({ values }: GrowthRow) => String(values[i]) })),
  ];
  return renderTable(out, columns, rows, '');
}
