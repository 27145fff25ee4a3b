/** Questions that wait for the state to reach a sequence, each for a bounded time. How many may is the desk's business. */

export const WAIT_MS = 1000;

type Waiter = {
  readonly seq: number;
  readonly settle: (reached: boolean) => void;
  readonly timer: NodeJS.Timeout;
};

export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Calls back once, with whether the sequence was reached in time. */
  wait(seq: number, settle: (reached: boolean) => void): void {
    const timer = setTimeout(() => this.#settle(waiter, false), WAIT_MS);
    const waiter: Waiter = { seq, settle, timer };
    this.#waiting.add(waiter);
  }

  /** The state has reached a sequence. */
  reached(seq: number): void {
    if (this.#waiting.size === 0) return;
    for (const waiter of this.#waiting) if (waiter.seq <= seq) this.#settle(waiter, true);
  }

  /** Nothing more will be reached. */
  close(): void {
    for (const waiter of this.#waiting) this.#settle(waiter, false);
  }

  #settle(waiter: Waiter, reached: boolean): void {
    if (!this.#waiting.delete(waiter)) return;
    clearTimeout(waiter.timer);
    waiter.settle(reached);
  }
}
