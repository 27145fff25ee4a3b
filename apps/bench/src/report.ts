/** What `writ bench` prints: each figure beside its floor, which was measured in the same run. */
import type { Machine } from './machine.ts';
import type { Measured } from './measure.ts';
import { round } from './measure.ts';

export type BenchResult = Measured & {
  readonly name: string;
  readonly variant: string;
  /** Of the whole tree of processes that did the work, in MiB (proportional set size). */
  readonly memoryMb: number;
  /** What the floor is, in words. */
  readonly floorIs: string;
  readonly floor: Measured;
  readonly ratio: { readonly p50: number; readonly rate: number };
};

export type BenchReport = { readonly machine: Machine; readonly benches: readonly BenchResult[] };

export function compare(
  what: Pick<BenchResult, 'name' | 'variant' | 'memoryMb' | 'floorIs'>,
  measured: Measured,
  floor: Measured,
): BenchResult {
  const ratio = {
    p50: round(measured.p50Ms / floor.p50Ms, 2),
    rate: round(measured.perSecond / floor.perSecond, 2),
  };
  return { ...what, ...measured, floor, ratio };
}
