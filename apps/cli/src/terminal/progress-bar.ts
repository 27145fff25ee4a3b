/** How far a long piece of work is, with its rate and the time left: one line that is drawn over in a terminal. */
import type { Stream } from './output.ts';

export type Progress = { readonly what: string; readonly done: number; readonly total: number };

export type ProgressBar = {
  show(progress: Progress): void;
  /** Leaves the last line as it stands. */
  end(): void;
};

const WIDTH = 24;
const REDRAW_MS = 100;
/** Where nobody watches, a line now and then. */
const LINE_MS = 5000;

export function progressBar(
  stream: Stream,
  nowMs: () => number = () => performance.now(),
): ProgressBar {
  const drawn = stream.isTTY === true;
  const startedMs = nowMs();
  let saidMs = Number.NEGATIVE_INFINITY;
  let saidWhat = '';
  return {
    show(progress) {
      const now = nowMs();
      const due = now - saidMs >= (drawn ? REDRAW_MS : LINE_MS);
      if (!due && progress.what === saidWhat) return;
      [saidMs, saidWhat] = [now, progress.what];
      const line = progressLine(progress, now - startedMs);
      stream.write(drawn ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    end() {
      if (drawn && saidWhat !== '') stream.write('\n');
    },
  };
}

/** `loading ████░░░░ 42 %  420,000 of 1,000,000  31,000/s  19 s left` */
export function progressLine({ what, done, total }: Progress, elapsedMs: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
  const rate = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const left = rate > 0 && done < total ? `  ${duration((total - done) / rate)} left` : '';
  return `${what} ${bar} ${Math.floor(share * 100)} %  ${grouped(done)} of ${grouped(total)}  ${grouped(Math.round(rate))}/s${left}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
