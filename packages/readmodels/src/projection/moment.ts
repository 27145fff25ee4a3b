const MINUTE_MS = 60_000;
/** Seconds, milliseconds and zone: all that differs within a minute. */
const LESS_THAN_A_MINUTE = '00.000Z'.length;

let lastMs = Number.NaN;
let lastText = '';
let minuteMs = Number.NaN;
let minuteText = '';

/** A moment of the log, in milliseconds, as a `timestamptz` column gives it back. */
export function momentAt(timeMs: number): string {
  // Events come in the order of their times, many in one millisecond, more in one minute.
  if (timeMs === lastMs) return lastText;
  const begins = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  if (begins !== minuteMs) {
    minuteText = new Date(begins).toISOString().slice(0, -LESS_THAN_A_MINUTE);
    minuteMs = begins;
  }
  const rest = String(100_000 + timeMs - begins);
  lastText = `${minuteText}${rest.slice(1, 3)}.${rest.slice(3)}Z`;
  lastMs = timeMs;
  return lastText;
}
