/** What figures are wanted to be, and whether they are. */

export type Bounded = {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ratio: { readonly p50: number; readonly rate: number };
  readonly bytesEach?: number;
  readonly processorUs?: { readonly over: number };
};

const figures = {
  p50Ms: ({ p50Ms }) => p50Ms,
  p99Ms: ({ p99Ms }) => p99Ms,
  p50Ratio: ({ ratio }) => ratio.p50,
  rateRatio: ({ ratio }) => ratio.rate,
  bytesEach: ({ bytesEach = Number.NaN }) => bytesEach,
  /** Microseconds of processor time for each, beyond the floor's. */
  processorUs: ({ processorUs }) => processorUs?.over ?? Number.NaN,
} as const satisfies Record<string, (result: Bounded) => number>;

export type Bound = { readonly of: keyof typeof figures } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
);
export type Verdict = Bound & { readonly met: boolean };

/** A figure that was not taken meets nothing. */
export function judge(bounds: readonly Bound[], result: Bounded): Verdict[] {
  return bounds.map((bound) => {
    const figure = figures[bound.of](result);
    return { ...bound, met: 'atMost' in bound ? figure <= bound.atMost : figure >= bound.atLeast };
  });
}
