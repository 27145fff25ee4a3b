/** How long it took after each kill until everybody was served again. */
import { kindOfLane, type LaneKind, type Ledger, type Pulse } from './ledger.ts';

export type Kill = {
  readonly victim: string;
  readonly atMs: number;
  /** Until the killed one was back; `null` when the run ended before. */
  backMs: number | null;
};

export type Recovery = {
  readonly victim: string;
  readonly atS: number;
  readonly backMs: number | null;
  /** Until every client of a kind had an answer to something it sent after the kill. */
  readonly servedMs: Partial<Record<LaneKind, number>>;
};

export function recoveries(
  kills: readonly Kill[],
  { pulses }: Ledger,
  startedMs: number,
): Recovery[] {
  const lanes = Map.groupBy(pulses, ({ lane }) => lane);
  return kills.map(({ victim, atMs, backMs }) => {
    const servedMs: Partial<Record<LaneKind, number>> = {};
    for (const [lane, own] of lanes) {
      const first = own.find(({ sentMs }) => sentMs >= atMs);
      if (first === undefined) continue;
      const kind = kindOfLane(lane);
      servedMs[kind] = Math.max(servedMs[kind] ?? 0, Math.round(first.doneMs - atMs));
    }
    return { victim, atS: Math.round((atMs - startedMs) / 100) / 10, backMs, servedMs };
  });
}

/** The longest that any client of a kind waited between two answers. */
export function longestWaits({ pulses }: Ledger): Partial<Record<LaneKind, number>> {
  const longest: Partial<Record<LaneKind, number>> = {};
  for (const { lane, sentMs, doneMs } of pulses satisfies readonly Pulse[]) {
    const kind = kindOfLane(lane);
    longest[kind] = Math.max(longest[kind] ?? 0, Math.round(doneMs - sentMs));
  }
  return longest;
}
