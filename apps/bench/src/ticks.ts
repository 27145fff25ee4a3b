/** Ticks closer to each other than those of timers, whose grain is a millisecond and which come late by as much. */
import { Worker } from 'node:worker_threads';

export const TICK_MS = 0.5;

/** The cells that both threads share: counts of ticks asked for and of ticks that were, and one that nobody ever changes. */
export const ASKED = 0;
export const TICKED = 1;
export const NEVER = 2;

export type Ticks = {
  /** A moment of `TICK_MS`; one at a time. */
  next(): Promise<void>;
  stop(): Promise<void>;
};

export function startTicks(): Ticks {
  const cells = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(new URL('./ticks-worker.ts', import.meta.url), { workerData: cells });
  return {
    async next() {
      const before = Atomics.load(cells, TICKED);
      Atomics.add(cells, ASKED, 1);
      Atomics.notify(cells, ASKED);
      await Atomics.waitAsync(cells, TICKED, before).value;
    },
    async stop() {
      await worker.terminate();
    },
  };
}
