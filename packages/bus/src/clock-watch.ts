/** How far our clock is from the broker's. */
import { type WritError, toWritError } from '@writ/contracts';
import type { EventStore } from './event-store.ts';

export type ClockWatch = {
  /** Our clock minus the broker's in milliseconds, `null` before the first answer. */
  readonly offsetMs: number | null;
  /** Resolves with the first answer. */
  readonly compared: Promise<void>;
  /** True when the clocks surely differ by more than the bound. */
  skewed(): boolean;
  stop(): void;
};

export type ClockWatchOptions = {
  readonly store: Pick<EventStore, 'status'>;
  /** 500 when left out. */
  readonly maxSkewMs?: number;
  /** 5000 when left out. */
  readonly everyMs?: number;
  /** The own clock. */
  readonly now?: () => number;
  readonly onTrouble?: (error: WritError) => void;
};

/** Asks the broker's time now and then; the time its answer took is counted in favour of the clock. */
export function watchClock({
  store,
  maxSkewMs = 500,
  everyMs = 5000,
  now = Date.now,
  onTrouble,
}: ClockWatchOptions): ClockWatch {
  const { promise: compared, resolve: compare } = Promise.withResolvers<void>();
  let offset: { readonly ms: number; readonly doubtMs: number } | null = null;
  const measure = async () => {
    const asked = now();
    const { serverTimeMs } = await store.status();
    const answered = now();
    if (!Number.isFinite(serverTimeMs)) return;
    offset = { ms: (asked + answered) / 2 - serverTimeMs, doubtMs: (answered - asked) / 2 };
    compare();
  };
  const look = () => void measure().catch((error: unknown) => onTrouble?.(toWritError(error)));
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    get offsetMs() {
      return offset?.ms ?? null;
    },
    compared,
    skewed: () => offset !== null && Math.abs(offset.ms) - offset.doubtMs > maxSkewMs,
    stop: () => clearInterval(timer),
  };
}
