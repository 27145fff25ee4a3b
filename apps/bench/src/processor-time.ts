/** Processor time that a process spent while something ran: of all its threads, in user and in kernel mode. */
import { readFile } from 'node:fs/promises';
import { round } from './measure.ts';

/** Linux counts for programs in hundredths of a second, whatever it counts in itself. */
const MS_PER_TICK = 10;

/** Milliseconds since the process began; `NaN` where /proc is missing. */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return processorMsIn(stat);
}

export function processorMsIn(stat: string): number {
  // The name stands in brackets and may hold anything; `utime` and `stime` are the twelfth and thirteenth after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Adds up what a process spends while slices run, and nothing of what it does in between. */
export class ProcessorMeter {
  readonly #read: () => Promise<number>;
  #spentMs = 0;

  constructor(read: () => Promise<number>) {
    this.#read = read;
  }

  get spentMs(): number {
    return this.#spentMs;
  }

  async during(work: () => Promise<void>): Promise<void> {
    const before = await this.#read();
    await work();
    this.#spentMs += (await this.#read()) - before;
  }
}

/** Microseconds of processor time for each answer. */
export type ProcessorUs = {
  readonly each: number;
  readonly floor: number;
  /** What each takes beyond the floor. */
  readonly over: number;
};

type Spent = { readonly spentMs: number; readonly count: number };

/** Nothing where processor time can not be read. */
export function processorUs(measured: Spent, floor: Spent): ProcessorUs | undefined {
  const each = (1000 * measured.spentMs) / measured.count;
  const bare = (1000 * floor.spentMs) / floor.count;
  if (!Number.isFinite(each - bare)) return undefined;
  return { each: round(each, 1), floor: round(bare, 1), over: round(each - bare, 1) };
}
