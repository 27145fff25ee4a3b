/** The summarisers' work: the year in a few sentences and one table, done with care and without. */
import { type Count, greatest, totalsBy } from './counts.ts';
import type { Profile } from './profile.ts';

/** The figures a summary states, as its table writes them. */
export type Figures = Readonly<Record<string, string>>;

export const FIGURES = [
  'Bikes in all',
  'Busiest station',
  'Busiest day',
  'Mean per day, mill-lane',
  'Days without a count',
] as const;

/** The figures as the profile has them. */
export function figuresOf(profile: Profile): Figures {
  const stations = Object.values(profile.stations);
  return tableOf([
    profile.totalBikes,
    profile.busiestStation,
    profile.busiestDay,
    profile.stations['mill-lane']?.meanPerDay ?? 0,
    stations.reduce((sum, { missingDays }) => sum + missingDays, 0),
  ]);
}

/**
 * The same figures by somebody in a hurry: a day without a count becomes a day with no bikes, and the first rows stand
 * for the year.
 */
export function hastyFiguresOf(counts: readonly Count[]): Figures {
  const glance = counts.slice(0, 90);
  const mill = counts.filter(({ station }) => station === 'mill-lane');
  return tableOf([
    counts.reduce((sum, { bikes }) => sum + (bikes ?? 0), 0),
    greatest(totalsBy(glance, ({ station }) => station)).name,
    greatest(totalsBy(glance, ({ date }) => date)).name,
    Math.round(mill.reduce((sum, { bikes }) => sum + (bikes ?? 0), 0) / mill.length),
    0,
  ]);
}

export function summaryOf(figures: Figures, author: string): string {
  const rows = Object.entries(figures).map(([name, value]) => `| ${name} | ${value} |`);
  return [
    '# Bikes in Lindenfurt, 2025',
    '',
    `${figures['Busiest station']} was the busiest of the counters, and ${figures['Busiest day']} the busiest day.`,
    '',
    '| figure | value |',
    '| --- | --- |',
    ...rows,
    '',
    `Written by ${author}.`,
    '',
  ].join('\n');
}

function tableOf(values: readonly (number | string)[]): Figures {
  return Object.fromEntries(FIGURES.map((name, index) => [name, written(values[index] ?? '')]));
}

function written(value: number | string): string {
  return typeof value === 'number' ? value.toLocaleString('en') : value;
}
