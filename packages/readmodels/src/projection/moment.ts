let lastMs = 0;
let lastText = new Date(0).toISOString();

/** A moment of the log, in milliseconds, as a `timestamptz` column gives it back. */
export function momentAt(timeMs: number): string {
  // Events come in the order of their times, many in one millisecond.
  if (timeMs !== lastMs) {
    lastText = new Date(timeMs).toISOString();
    lastMs = timeMs;
  }
  return lastText;
}
