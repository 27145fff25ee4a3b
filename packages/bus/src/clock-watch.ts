/** How far our clock is from the broker's, and whether the leader of the log still says what time it is. */
import { type WritError, toWritError } from '@writ/contracts';
import type { EventStore } from './event-store.ts';

export type ClockWatch = {
  /** Our clock minus the broker's in milliseconds, `null` before the first answer. */
  readonly offsetMs: number | null;
  /** Resolves with the first answer. */
  readonly compared: Promise<void>;
  /** True when the clocks surely differ by more than the bound. */
  skewed(): boolean;
  /**
   * True when the leader of the log has not answered for a long time. A node that is cut off from the other ones goes on
   * sending the heartbeats of its consumers; only the leader's answer says that it is not.
   */
  cutOff(): boolean;
  stop(): void;
};

export type ClockWatchOptions = {
  readonly store: Pick<EventStore, 'status'>;
  /** 500 when left out. */
  readonly maxSkewMs?: number;
  /** 5000 when left out; after a question that nobody answered, one second at most. */
  readonly everyMs?: number;
  /** The leader may be silent for so long; three times `everyMs` when left out, which is longer than an election. */
  readonly maxSilenceMs?: number;
  /** The own clock. */
  readonly now?: () => number;
  /** Told once, when answers fail to come. */
  readonly onTrouble?: (error: WritError) => void;
};

/** The pause after a question that nobody answered: what is over must be known before it is taken for a long silence. */
const AGAIN_MS = 1000;

/** Asks the broker's time now and then; the time its answer took is counted in favour of the clock. */
export function watchClock({
  store,
  maxSkewMs = 500,
  everyMs = 5000,
  maxSilenceMs = 3 * everyMs,
  now = Date.now,
  onTrouble,
}: ClockWatchOptions): ClockWatch {
  const { promise: compared, resolve: compare } = Promise.withResolvers<void>();
  // Counted from the start on; measured by a clock that nobody sets.
  let answeredMs = performance.now();
  let offset: { readonly ms: number; readonly doubtMs: number } | null = null;
  const measure = async () => {
    const asked = now();
    const { serverTimeMs } = await store.status();
    const answered = now();
    answeredMs = performance.now();
    if (!Number.isFinite(serverTimeMs)) return;
    offset = { ms: (asked + answered) / 2 - serverTimeMs, doubtMs: (answered - asked) / 2 };
    compare();
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let isSilent = false;
  const look = async (): Promise<void> => {
    let pauseMs = everyMs;
    try {
      await measure();
      isSilent = false;
    } catch (error) {
      pauseMs = Math.min(AGAIN_MS, everyMs);
      if (!isSilent) onTrouble?.(toWritError(error));
      isSilent = true;
    }
    if (stopped) return;
    timer = setTimeout(() => void look(), pauseMs);
    timer.unref();
  };
  void look();
  return {
    get offsetMs() {
      return offset?.ms ?? null;
    },
    compared,
    skewed: () => offset !== null && Math.abs(offset.ms) - offset.doubtMs > maxSkewMs,
    cutOff: () => performance.now() - answeredMs > maxSilenceMs,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
