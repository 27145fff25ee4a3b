/**
 * A load that comes when it comes, whatever the answers take. Each request has the moment it was due at, and its latency
 * counts from there: one that is sent late, because the sender was held up or all are behind, has waited since.
 */
import type { Samples } from './measure.ts';
import type { Ticks } from './ticks.ts';

/** The moments at which requests are due, evenly apart. */
export class Schedule {
  readonly #beganMs: number;
  readonly #perMs: number;
  readonly #count: number;
  #taken = 0;

  constructor(beganMs: number, options: { readonly perSecond: number; readonly count: number }) {
    this.#beganMs = beganMs;
    this.#perMs = options.perSecond / 1000;
    this.#count = options.count;
  }

  get over(): boolean {
    return this.#taken >= this.#count;
  }

  /** Takes the next request that is due at a moment: the moment it was due at, `undefined` when none is. */
  take(nowMs: number): number | undefined {
    const dueMs = this.#beganMs + this.#taken / this.#perMs;
    if (this.over || dueMs > nowMs) return undefined;
    this.#taken += 1;
    return dueMs;
  }
}

export type OpenLoad = { readonly sliceMs: number; readonly perSecond: number };

/** Sends so many requests a second for `sliceMs`, and waits for the last answer. A request that fails ends the run. */
export async function driveOpenly(
  samples: Samples,
  { sliceMs, perSecond }: OpenLoad,
  ticks: Pick<Ticks, 'next'>,
  request: () => Promise<void>,
): Promise<void> {
  const began = performance.now();
  const schedule = new Schedule(began, {
    perSecond,
    count: Math.round((sliceMs * perSecond) / 1000),
  });
  const answered = Promise.withResolvers<void>();
  // It is waited for in the end.
  answered.promise.catch(() => undefined);
  // Counted, not kept: what is kept makes collecting garbage longer, and that holds up the sender.
  let open = 0;
  let failed = false;
  const fail = (thrown: unknown): void => {
    failed = true;
    answered.reject(thrown);
  };
  const ask = async (dueMs: number): Promise<void> => {
    await request();
    samples.add(performance.now() - dueMs);
    if (--open === 0 && schedule.over) answered.resolve();
  };
  while (!schedule.over && !failed) {
    const now = performance.now();
    for (let due = schedule.take(now); due !== undefined; due = schedule.take(now)) {
      open += 1;
      ask(due).catch(fail);
    }
    await ticks.next();
  }
  await answered.promise;
  samples.addElapsed(performance.now() - began);
}
