/** How far a long verb is: one line on standard error that is written over, on a terminal only. */
import type { Stream } from './output.ts';

export type Progress = {
  /** So much of the whole is done; `count` of the things that are counted. */
  at(part: number, count: number): void;
  /** Takes the line away. */
  end(): void;
};

const EVERY_MS = 100;
const CLEAR = '\r\u001B[K';

/** Begins a line for `what`, e.g. `exporting`; silent where standard error is not a terminal. */
export function openProgress(stream: Stream, what: string, whole: number): Progress {
  if (stream.isTTY !== true) return { at: () => undefined, end: () => undefined };
  const startedMs = performance.now();
  let saidMs = startedMs - EVERY_MS;
  return {
    at(part, count) {
      const nowMs = performance.now();
      if (nowMs - saidMs < EVERY_MS) return;
      saidMs = nowMs;
      stream.write(
        `${CLEAR}${progressLine({ what, part, whole, count, tookMs: nowMs - startedMs })}`,
      );
    },
    end: () => void stream.write(CLEAR),
  };
}

type Moment = {
  readonly what: string;
  readonly part: number;
  readonly whole: number;
  readonly count: number;
  readonly tookMs: number;
};

/** The words of the line: how much, how fast, how long it will still take. */
export function progressLine({ what, part, whole, count, tookMs }: Moment): string {
  const done = whole === 0 ? 1 : Math.min(1, part / whole);
  const perSecond = tookMs === 0 ? 0 : Math.round((count / tookMs) * 1000);
  const leftSeconds = done === 0 ? undefined : Math.ceil((tookMs * (1 - done)) / done / 1000);
  const left = leftSeconds === undefined ? '' : `, ${duration(leftSeconds)} left`;
  return `${what} ${Math.floor(done * 100)} %, ${count.toLocaleString('en')} (${perSecond.toLocaleString('en')}/s)${left}`;
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
