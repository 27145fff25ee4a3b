/** The data set: one count per station and day. */
import { readFile } from 'node:fs/promises';

export type Count = {
  readonly date: string;
  readonly station: string;
  /** Null on days when the counter was out of order. */
  readonly bikes: number | null;
  readonly temperatureC: number;
  readonly rainMm: number;
};

const HEADER = 'date,station,bikes,temperature_c,rain_mm';

/** Where the data set that comes with the example is. */
export const DATA_SET = new URL('../../data/bike-counts.csv', import.meta.url);

export async function readCounts(file: URL = DATA_SET): Promise<readonly Count[]> {
  return parseCounts(await readFile(file, 'utf8'));
}

/** Parses the CSV; throws with the line that is wrong. */
export function parseCounts(csv: string): readonly Count[] {
  const [header, ...lines] = csv.trimEnd().split('\n');
  if (header !== HEADER) throw new Error(`the first line must be \`${HEADER}\``);
  return lines.map((line, index) => {
    const [date = '', station = '', bikes = '', temperature = '', rain = '', ...rest] =
      line.split(',');
    const count = {
      date,
      station,
      bikes: bikes === '' ? null : Number(bikes),
      temperatureC: Number(temperature),
      rainMm: Number(rain),
    };
    const numbers = [count.bikes ?? 0, count.temperatureC, count.rainMm];
    if (rest.length > 0 || station === '' || numbers.some(Number.isNaN))
      throw new Error(`line ${index + 2} is not a count: \`${line}\``);
    return count;
  });
}

/** The sum of each group, in the order in which the groups first appear; missing counts add nothing. */
export function totalsBy(
  counts: readonly Count[],
  group: (count: Count) => string,
): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const count of counts)
    totals.set(group(count), (totals.get(group(count)) ?? 0) + (count.bikes ?? 0));
  return totals;
}

/** The group with the greatest sum. */
export function greatest(totals: ReadonlyMap<string, number>): {
  readonly name: string;
  readonly total: number;
} {
  let best = { name: '', total: Number.NEGATIVE_INFINITY };
  for (const [name, total] of totals) if (total > best.total) best = { name, total };
  return best;
}
