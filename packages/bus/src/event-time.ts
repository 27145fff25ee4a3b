/** The time of an event as its header has it: RFC 3339 in UTC with milliseconds, `2026-11-20T08:30:00.125Z`. */

const LENGTH = '2026-11-20T08:30:00.125Z'.length;
const SECONDS_AT = '2026-11-20T08:30:'.length;
const ZERO = 48;

let minuteText = '';
let minuteMs = Number.NaN;

/** Milliseconds since 1970; `NaN` for what is no time. */
export function timeMsOf(text: string): number {
  const withinMs = text.length === LENGTH ? millisecondsIn(text) : -1;
  // Events come in the order of their times, thousands in one minute.
  if (withinMs >= 0 && minuteText !== '' && text.startsWith(minuteText)) return minuteMs + withinMs;
  const timeMs = Date.parse(text);
  if (withinMs >= 0 && !Number.isNaN(timeMs)) {
    minuteText = text.slice(0, SECONDS_AT);
    minuteMs = timeMs - withinMs;
  }
  return timeMs;
}

/** Seconds and milliseconds of a text of this form; below 0 where they do not read so. */
function millisecondsIn(text: string): number {
  const tens = digitAt(text, SECONDS_AT);
  const ones = digitAt(text, SECONDS_AT + 1);
  const tenths = digitAt(text, SECONDS_AT + 3);
  const hundredths = digitAt(text, SECONDS_AT + 4);
  const thousandths = digitAt(text, SECONDS_AT + 5);
  const isForm =
    Math.min(tens, ones, tenths, hundredths, thousandths) >= 0 &&
    tens <= 5 &&
    text[SECONDS_AT + 2] === '.' &&
    text[SECONDS_AT + 6] === 'Z';
  return isForm ? 10_000 * tens + 1000 * ones + 100 * tenths + 10 * hundredths + thousandths : -1;
}

function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}
