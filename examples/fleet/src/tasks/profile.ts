/** The profiler's work: what is in the data set, and what is missing. */
import { type Count, greatest, totalsBy } from './counts.ts';

export type Profile = {
  readonly rows: number;
  readonly from: string;
  readonly to: string;
  readonly stations: Readonly<Record<string, StationProfile>>;
  readonly totalBikes: number;
  readonly busiestStation: string;
  readonly busiestDay: string;
};

export type StationProfile = {
  readonly days: number;
  readonly missingDays: number;
  readonly total: number;
  /** Bikes per day, over the days that were counted. */
  readonly meanPerDay: number;
  readonly most: number;
  readonly least: number;
};

export function profileOf(counts: readonly Count[]): Profile {
  const dates = counts.map(({ date }) => date).sort();
  const byStation = totalsBy(counts, ({ station }) => station);
  const stations = Object.fromEntries(
    [...byStation.keys()].map((station) => [station, stationProfile(counts, station)]),
  );
  return {
    rows: counts.length,
    from: dates.at(0) ?? '',
    to: dates.at(-1) ?? '',
    stations,
    totalBikes: [...byStation.values()].reduce((sum, total) => sum + total, 0),
    busiestStation: greatest(byStation).name,
    busiestDay: greatest(totalsBy(counts, ({ date }) => date)).name,
  };
}

function stationProfile(counts: readonly Count[], station: string): StationProfile {
  const own = counts.filter((count) => count.station === station);
  const counted = own.flatMap(({ bikes }) => (bikes === null ? [] : [bikes]));
  const total = counted.reduce((sum, bikes) => sum + bikes, 0);
  return {
    days: own.length,
    missingDays: own.length - counted.length,
    total,
    meanPerDay: Math.round(total / counted.length),
    most: Math.max(...counted),
    least: Math.min(...counted),
  };
}
