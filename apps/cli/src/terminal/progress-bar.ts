/** How far a long piece of work is, with its rate and the time left: a bar in a terminal, elsewhere a line now and then. */
import type { Stream } from './output.ts';

export type Progress = { readonly what: string; readonly done: number; readonly total: number };

export type ProgressBar = {
  show(progress: Progress): void;
  /** Leaves the last line as it stands. */
  end(): void;
};

const WIDTH = 24;
const REDRAW_MS = 100;
/** Where nobody watches; shorter work says nothing there. */
const LINE_MS = 5000;

export function progressBar(
  stream: Stream,
  nowMs: () => number = () => performance.now(),
): ProgressBar {
  const drawn = stream.isTTY === true;
  const startedMs = nowMs();
  let saidMs = drawn ? Number.NEGATIVE_INFINITY : startedMs;
  let saidWhat = '';
  return {
    show(progress) {
      const now = nowMs();
      const due = now - saidMs >= (drawn ? REDRAW_MS : LINE_MS);
      if (!due && (!drawn || progress.what === saidWhat)) return;
      [saidMs, saidWhat] = [now, progress.what];
      const elapsedMs = now - startedMs;
      stream.write(
        drawn
          ? `\r\u001b[2K${barLine(progress, elapsedMs)}`
          : `${plainLine(progress, elapsedMs)}\n`,
      );
    },
    end() {
      if (drawn && saidWhat !== '') stream.write('\n');
    },
  };
}

/** `loading ████░░░░ 42 %  420,000 of 1,000,000  31,000/s  19 s left` */
export function barLine(progress: Progress, elapsedMs: number): string {
  const filled = Math.round(shareOf(progress) * WIDTH);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
  return `${progress.what} ${bar} ${numbers(progress, elapsedMs)}`;
}

/** The same without the bar. */
export function plainLine(progress: Progress, elapsedMs: number): string {
  return `${progress.what} ${numbers(progress, elapsedMs)}`;
}

function numbers(progress: Progress, elapsedMs: number): string {
  const { done, total } = progress;
  const rate = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const left = rate > 0 && done < total ? `  ${duration((total - done) / rate)} left` : '';
  return `${Math.floor(shareOf(progress) * 100)} %  ${grouped(done)} of ${grouped(total)}  ${grouped(Math.round(rate))}/s${left}`;
}

function shareOf({ done, total }: Progress): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
