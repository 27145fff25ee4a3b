/** Runs the measurements and shows each beside the floor it stands on. */
import {
  type BenchName,
  type BenchOptions,
  type BenchReport,
  benchNames,
  type BenchResult,
  runBenches,
} from '@writ/bench';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';
import type { Output } from '../terminal/output.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';

/** Runs the named measurements, all when none is named. */
export async function runBench(
  { out }: Session,
  names: readonly string[],
  options: BenchOptions = {},
): Promise<ExitCode> {
  const wanted = names.length === 0 ? benchNames : names.map(checkName);
  let saidPercent = -1;
  const report = await runBenches(
    wanted,
    {
      say: (text) => out.note(text),
      step(what, share) {
        const percent = Math.floor(share * 10) * 10;
        if (percent !== saidPercent) out.note(`${what}: ${percent} %`);
        saidPercent = percent;
      },
    },
    options,
  );
  out.document(report, () => render(out, report));
  return exitCodes.done;
}

function checkName(name: string): BenchName {
  const found = benchNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw new CliFailure(
    exitCodes.usage,
    `there is no measurement \`${name}\`; there are ${benchNames.join(', ')}`,
  );
}

function render(out: Output, { machine, benches }: BenchReport): string {
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
  ];
  const fields = renderFields(
    out,
    Object.entries(machine).map(([name, value]) => [name, String(value)] as const),
  );
  return `${fields}\n\n${renderTable(out, columns, benches, '')}`;
}
