/** Pieces that verbs share: options of lists, and checks of what was typed. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseTime } from './terminal/format.ts';

export type Page<Row> = { readonly items: readonly Row[]; readonly nextCursor: string | null };

export type ListOptions = { readonly limit?: number; readonly cursor?: string };

export function withPaging(command: Command): Command {
  return command
    .addOption(
      new Option('--limit <n>', 'how many at most, up to 500')
        .argParser(countBetween(1, 500))
        .default(50),
    )
    .option('--cursor <cursor>', 'go on where the page before ended');
}

export function withTimes(command: Command): Command {
  return command
    .option('--since <time>', 'from then on: an RFC 3339 time, or 10m, 2h, 1d before now', pastTime)
    .option('--until <time>', 'up to then', pastTime);
}

export function countBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
  };
}

export function decimalBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`must be a number from ${least} to ${most}`);
  };
}

export function pastTime(text: string): string {
  const time = parseTime(text, Date.now());
  if (time === undefined)
    throw new InvalidArgumentError('must be an RFC 3339 time, or 10m, 2h, 1d before now');
  return time;
}

/** `30d` from now, or an RFC 3339 time. */
export function futureTime(text: string): string {
  const nowMs = Date.now();
  const relative = /^\d+[smhd]$/.test(text) ? parseTime(text, nowMs) : undefined;
  if (relative !== undefined) return new Date(2 * nowMs - Date.parse(relative)).toISOString();
  const time = parseTime(text, nowMs);
  if (time === undefined)
    throw new InvalidArgumentError('must be an RFC 3339 time, or 10m, 2h, 30d from now');
  return time;
}

/** Options of this command line that say a time to come, as it was understood: `30d` would be another one later. */
export function futureTimesOf(command: Command): string[] {
  return command.options
    .filter(({ parseArg }) => parseArg === futureTime)
    .map((option) => [option.long, command.getOptionValue(option.attributeName()) as unknown])
    .filter(([, value]) => value !== undefined)
    .map((words) => words.join(' '));
}

export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('must be JSON, e.g. \'{"estimatedCostMicros":3000}\'');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InvalidArgumentError('must be a JSON object');
}

/** Gathers an option that may be given several times. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `name=value`, several times. */
export function nameValue(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('must be <name>=<value>');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export function encoded(id: string): string {
  return encodeURIComponent(id);
}
