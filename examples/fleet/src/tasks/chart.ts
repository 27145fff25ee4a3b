/** The chart maker's work: bikes per month and station as an SVG. */
import { type Count, totalsBy } from './counts.ts';

const WIDTH = 720;
const HEIGHT = 360;
const MARGIN = { top: 48, right: 24, bottom: 40, left: 72 };
const COLOURS = ['#0b6e4f', '#c8553d', '#28536b', '#8d6a9f'];

export function chartOf(counts: readonly Count[]): string {
  const stations = [...new Set(counts.map(({ station }) => station))];
  const months = [...new Set(counts.map(({ date }) => date.slice(0, 7)))].sort();
  const totals = totalsBy(counts, ({ station, date }) => `${station} ${date.slice(0, 7)}`);
  const most = Math.max(...totals.values());
  const x = (index: number): number =>
    MARGIN.left + (index / (months.length - 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (bikes: number): number =>
    HEIGHT - MARGIN.bottom - (bikes / most) * (HEIGHT - MARGIN.top - MARGIN.bottom);

  const lines = stations.map((station, index) => {
    const points = months.map(
      (month, at) => `${x(at).toFixed(1)},${y(totals.get(`${station} ${month}`) ?? 0).toFixed(1)}`,
    );
    return `<polyline fill="none" stroke="${colour(index)}" stroke-width="2.5" points="${points.join(' ')}"/>`;
  });
  const legend = stations.map(
    (station, index) =>
      `<text x="${MARGIN.left + index * 160}" y="36" fill="${colour(index)}">${station}</text>`,
  );
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * most).toFixed(1);
    return (
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="#ddd"/>` +
      `<text x="${MARGIN.left - 8}" y="${at}" dy="4" text-anchor="end" fill="#555">${Math.round(share * most).toLocaleString('en')}</text>`
    );
  });
  const labels = months.map(
    (month, at) =>
      `<text x="${x(at).toFixed(1)}" y="${HEIGHT - 16}" text-anchor="middle" fill="#555">${month.slice(5)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>Bikes per month, ${months.at(0)} to ${months.at(-1)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="18" font-weight="bold">Bikes per month</text>`,
    ...legend,
    ...grid,
    ...labels,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000';
}
