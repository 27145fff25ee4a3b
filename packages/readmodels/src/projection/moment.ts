/** A moment of the log, in milliseconds, as a `timestamptz` column gives it back. */
export function momentAt(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
