/** How what a log takes goes up with its events. */
import { round } from './measure.ts';
import type { ByPart, Grown, Growth } from './report.ts';

const MILLION = 1_000_000;

/** The slopes of everything that was measured at several sizes. */
export function growthOf(sizes: readonly Grown[]): Growth {
  return {
    sizes,
    perMillion: {
      memoryMb: slopes(sizes, ({ memoryMb }) => memoryMb),
      startMs: slopes(sizes, ({ startMs }) => startMs),
      diskMb: slopes(sizes, ({ diskMb }) => diskMb),
    },
  };
}

function slopes(sizes: readonly Grown[], quantityOf: (grown: Grown) => ByPart): ByPart {
  const parts = Object.keys(sizes[0] === undefined ? {} : quantityOf(sizes[0]));
  return Object.fromEntries(
    parts.map((part) => {
      const points = sizes.map(
        (grown) => [grown.events / MILLION, quantityOf(grown)[part] ?? Number.NaN] as const,
      );
      return [part, round(slope(points), 1)];
    }),
  );
}

/** Of the line with the least squares through points; 0 through fewer than two. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: 0 | 1): number =>
    points.reduce((sum, point) => sum + point[pick], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [above, below] = [0, 0];
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
