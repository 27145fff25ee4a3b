/** How fresh the governor's state is: it has heard of the log, and has folded what it heard of. */

/** Without a word from the log for so long, it may have gone on without us. */
export const SILENT_MS = 2000;
/** So long events may wait to be folded. */
export const BEHIND_MS = 1000;

export class Freshness {
  #heardMs = Number.NEGATIVE_INFINITY;
  #caughtUpMs = Number.NEGATIVE_INFINITY;
  #caughtUp = false;

  /** Events or a heartbeat came; `pending` are still to come. */
  heard(nowMs: number, pending: number): void {
    this.#heardMs = nowMs;
    this.#caughtUp = pending === 0;
    if (this.#caughtUp) this.#caughtUpMs = nowMs;
  }

  /** Why the state is not fresh enough to decide on; `undefined` when it is. */
  doubt(nowMs: number): string | undefined {
    if (nowMs - this.#heardMs > SILENT_MS)
      return 'the governor has not heard from the log for more than 2 seconds';
    if (!this.#caughtUp && nowMs - this.#caughtUpMs > BEHIND_MS)
      return 'the governor is behind the log by more than a second';
    return undefined;
  }
}
