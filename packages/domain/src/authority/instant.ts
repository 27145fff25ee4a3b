/** Times of events as numbers, without a clock object. */
import { Refusal } from '../decider.ts';

const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?Z$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time in UTC (the form events hold), by the civil-date
 * arithmetic of Hinnant (days from civil), so that the domain needs no clock object.
 */
export function instantOf(text: string): number {
  const match = INSTANT.exec(text);
  if (!match) throw new Refusal('BODY_INVALID', `\`${text}\` is not an RFC 3339 time in UTC`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const ms = Number((match[7] ?? '').padEnd(3, '0'));
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * 146_097 + dayOfEra - 719_468;
  return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms;
}
