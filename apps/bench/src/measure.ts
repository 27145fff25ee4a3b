/** What a run of many requests came to: its latencies and its rate. */

export type Measured = {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
};

/** Latencies, and what it took in all, in milliseconds. */
export type Taken = { readonly latencies: Float64Array; readonly elapsedMs: number };

/** Gathers the slices of one side of a comparison; times in milliseconds. */
export class Samples {
  // Bytes outside the heap: a list that grows with each answer would lengthen the pauses for collecting garbage, and so what is measured.
  #latencies = new Float64Array(1024);
  #count = 0;
  #busyMs = 0;

  add(latencyMs: number): void {
    if (this.#count === this.#latencies.length) {
      const wider = new Float64Array(2 * this.#count);
      wider.set(this.#latencies);
      this.#latencies = wider;
    }
    this.#latencies[this.#count++] = latencyMs;
  }

  /** A slice took so long from its first request to its last answer. */
  addElapsed(elapsedMs: number): void {
    this.#busyMs += elapsedMs;
  }

  /** All of another's, as of a process that asked. */
  addAll({ latencies, elapsedMs }: Taken): void {
    for (const latencyMs of latencies) this.add(latencyMs);
    this.addElapsed(elapsedMs);
  }

  taken(): Taken {
    return { latencies: this.#latencies.subarray(0, this.#count), elapsedMs: this.#busyMs };
  }

  get count(): number {
    return this.#count;
  }

  result(): Measured {
    const sorted = this.#latencies.subarray(0, this.#count).toSorted();
    return {
      p50Ms: round(quantile(sorted, 0.5), 3),
      p99Ms: round(quantile(sorted, 0.99), 3),
      perSecond: Math.round(sorted.length / (this.#busyMs / 1000)),
    };
  }
}

/** Whole runs: latency is that of one, the rate is in runs. */
export function inRuns(elapsedMs: readonly number[]): Measured {
  const sorted = elapsedMs.toSorted((a, b) => a - b);
  const total = elapsedMs.reduce((sum, ms) => sum + ms, 0);
  return {
    p50Ms: round(quantile(sorted, 0.5), 0),
    p99Ms: round(quantile(sorted, 0.99), 0),
    perSecond: round((1000 * elapsedMs.length) / total, 2),
  };
}

/** How many events, in the name of a variant. */
export function inThousands(events: number): string {
  return `${Math.round(events / 1000)}k`;
}

/** Runs over so many events each: latency is that of the whole run divided by them, the rate is in events. */
export function inEvents(elapsedMs: readonly number[], events: number): Measured {
  const sorted = elapsedMs.toSorted((a, b) => a - b);
  const total = elapsedMs.reduce((sum, ms) => sum + ms, 0);
  return {
    p50Ms: round(quantile(sorted, 0.5) / events, 5),
    p99Ms: round(quantile(sorted, 0.99) / events, 5),
    perSecond: Math.round((events * elapsedMs.length) / (total / 1000)),
  };
}

/** The value that the share `q` of a sorted list does not exceed. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/**
 * Sends requests for `sliceMs`, `inFlight` at a time: each of so many loops sends its next request
 * when the one before was answered. A request that fails ends the run.
 */
export async function drive(
  samples: Samples,
  options: { readonly sliceMs: number; readonly inFlight: number },
  request: () => Promise<void>,
): Promise<void> {
  const began = performance.now();
  const until = began + options.sliceMs;
  const loop = async (): Promise<void> => {
    while (true) {
      const sent = performance.now();
      if (sent >= until) return;
      await request();
      samples.add(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, loop));
  samples.addElapsed(performance.now() - began);
}

/** Runs both sides in turns, so that whatever else the machine does falls on both. */
export async function interleave(
  rounds: number,
  sides: readonly (() => Promise<void>)[],
): Promise<void> {
  for (let n = 0; n < rounds; n++)
    for (let i = 0; i < sides.length; i++) await sides[(i + n) % sides.length]?.();
}
