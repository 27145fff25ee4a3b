/** What `writ bench` prints: each figure beside its floor, which was measured in the same run. */
import { type Bound, judge, type Verdict } from './bounds.ts';
import type { Machine } from './machine.ts';
import type { Measured } from './measure.ts';
import { round } from './measure.ts';
import type { ProcessorUs } from './processor-time.ts';

export type BenchResult = Measured & {
  readonly name: string;
  readonly variant: string;
  /** Of the whole tree of processes that did the work, in MiB (proportional set size). */
  readonly memoryMb: number;
  /** Of the heap, for each of the things that the bench holds very many of. */
  readonly bytesEach?: number;
  /** What the floor is, in words. */
  readonly floorIs: string;
  readonly floor: Measured;
  readonly ratio: { readonly p50: number; readonly rate: number };
  /** Of the process that answers, where it was measured. */
  readonly processorUs?: ProcessorUs;
  /** The rate at which all is busy, and the share of it that was asked; where the load does not wait for answers. */
  readonly saturation?: { readonly perSecond: number; readonly asked: number };
  readonly wanted: readonly Verdict[];
};

export type BenchReport = {
  readonly machine: Machine;
  readonly benches: readonly BenchResult[];
  /** Where `growth` was measured. */
  readonly growth?: Growth;
};

/** A quantity of several parts, by part. */
export type ByPart = Readonly<Record<string, number>>;

/** What a log of so many events takes. */
export type Grown = {
  readonly events: number;
  readonly agents: number;
  /** Of each server, and of each role at its readiness, in MiB (proportional set size). */
  readonly memoryMb: ByPart;
  /** From the start of a role's process to its readiness, from a snapshot where there is one. */
  readonly startMs: ByPart;
  /** Of the servers' directories, in MiB. */
  readonly diskMb: ByPart;
};

export type Growth = {
  readonly sizes: readonly Grown[];
  /** How much each goes up with a million events, by the line that lies closest. */
  readonly perMillion: Readonly<Record<'memoryMb' | 'startMs' | 'diskMb', ByPart>>;
};

type What = Pick<
  BenchResult,
  'name' | 'variant' | 'memoryMb' | 'bytesEach' | 'floorIs' | 'processorUs' | 'saturation'
> & { readonly wanted?: readonly Bound[] };

export function compare(
  { wanted = [], ...what }: What,
  measured: Measured,
  floor: Measured,
): BenchResult {
  const ratio = {
    p50: round(measured.p50Ms / floor.p50Ms, 2),
    rate: round(measured.perSecond / floor.perSecond, 2),
  };
  const result = { ...what, ...measured, floor, ratio };
  return { ...result, wanted: judge(wanted, result) };
}
