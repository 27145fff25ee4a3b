/** How fresh the governor's state is: it has heard of the log, and has folded what it heard of. */

/** Without a word from the log for so long, it may have gone on without us. */
export const SILENT_MS = 2000;
/** So long an event that is known of may wait to be folded. */
export const BEHIND_MS = 1000;
/** Ends of the log that were heard of within so long count as heard of with the first of them. */
const MARK_MS = 100;

/** An end that the log was known to have, and since when. */
type Mark = { headSeq: number; readonly sinceMs: number };

export type Heard = {
  /** Everything up to here is folded. */
  readonly seq: number;
  /** Messages that the log has beyond. */
  readonly pending: number;
};

/** A log that is written to all the time is never read to its end; what counts is how long its events wait. */
export class Freshness {
  #heardMs = Number.NEGATIVE_INFINITY;
  #pending = 0;
  /** Ends that are not reached yet, the oldest first. */
  #marks: Mark[] = [];

  /** Events or a heartbeat came. */
  heard(nowMs: number, { seq, pending }: Heard): void {
    // What comes after a silence may have waited for as long as that.
    const sinceMs = nowMs - this.#heardMs > SILENT_MS ? this.#heardMs : nowMs;
    this.#heardMs = nowMs;
    this.#pending = pending;
    if (pending === 0) {
      this.#marks = [];
      return;
    }
    const reached = this.#marks.findIndex(({ headSeq }) => headSeq > seq);
    this.#marks.splice(0, reached === -1 ? this.#marks.length : reached);
    const headSeq = seq + pending;
    const newest = this.#marks.at(-1);
    if (newest === undefined || nowMs - newest.sinceMs >= MARK_MS)
      this.#marks.push({ headSeq, sinceMs });
    else newest.headSeq = Math.max(newest.headSeq, headSeq);
  }

  /** Why the state is not fresh enough to decide on; `undefined` when it is. */
  doubt(nowMs: number): string | undefined {
    if (nowMs - this.#heardMs > SILENT_MS)
      return 'the governor has not heard from the log for more than 2 seconds';
    const [oldest] = this.#marks;
    if (oldest !== undefined && nowMs - oldest.sinceMs > BEHIND_MS)
      return `the governor is behind the log by more than a second, by ${this.#pending} events`;
    return undefined;
  }
}
