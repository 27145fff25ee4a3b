/**
 * The tail of the log in memory, shared by every open stream: one consumer, however many clients.
 *
 * 1. `after(seq)` gives every event after `seq` that the hub saw, in order, or `undefined` when it can not know them all.
 * 2. `lastSeq` never falls, and every event up to it was handed over.
 */
import type { EventStore, Follower, StoredEvent } from '@writ/bus';
import type { WritError } from '@writ/contracts';

const KEPT = 2000;

export type EventHub = {
  /** Rejects when the log can not be followed any more. */
  readonly done: Promise<void>;
  readonly lastSeq: number;
  /** At most `limit` events after a sequence; `undefined` when some of them were forgotten and must be read from the log. */
  after(seq: number, limit: number): readonly StoredEvent[] | undefined;
  /** Resolves when `lastSeq` is past a sequence, with true; with false when the signal is aborted first. */
  passed(seq: number, signal: AbortSignal): Promise<boolean>;
  stop(): Promise<void>;
};

/** Follows the log from its end. */
export async function openHub(
  log: EventStore,
  onTrouble: (error: WritError) => void,
): Promise<EventHub> {
  const { lastSeq: start } = await log.status();
  const tail = createTail(start);
  const follower: Follower = log.follow({
    fromSeq: start + 1,
    onEvents: (batch) => tail.take(batch),
    onIdle: (seq) => tail.reach(seq),
    onTrouble,
  });
  follower.done.catch(onTrouble);
  return {
    done: follower.done,
    get lastSeq() {
      return tail.lastSeq;
    },
    after: tail.after,
    passed: tail.passed,
    stop: () => follower.stop(),
  };
}

type Waiter = { readonly seq: number; readonly settle: (passed: boolean) => void };

/** The memory of a hub by itself. */
export function createTail(start: number) {
  const kept: StoredEvent[] = [];
  const waiters = new Set<Waiter>();
  let complete = start;
  let lastSeq = start;

  function reach(seq: number): void {
    if (seq <= lastSeq) return;
    lastSeq = seq;
    for (const waiter of [...waiters]) if (lastSeq > waiter.seq) waiter.settle(true);
  }

  return {
    get lastSeq() {
      return lastSeq;
    },
    reach,
    take(batch: readonly StoredEvent[]): void {
      kept.push(...batch);
      const surplus = kept.length - KEPT;
      if (surplus > 0) complete = kept.splice(0, surplus).at(-1)?.seq ?? complete;
      const last = batch.at(-1);
      if (last) reach(last.seq);
    },
    after(seq: number, limit: number): readonly StoredEvent[] | undefined {
      if (seq < complete) return undefined;
      const index = kept.findIndex((event) => event.seq > seq);
      return index < 0 ? [] : kept.slice(index, index + limit);
    },
    passed(seq: number, signal: AbortSignal): Promise<boolean> {
      if (lastSeq > seq) return Promise.resolve(true);
      if (signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const waiter: Waiter = {
          seq,
          settle: (passed) => {
            waiters.delete(waiter);
            signal.removeEventListener('abort', aborted);
            resolve(passed);
          },
        };
        const aborted = () => waiter.settle(false);
        waiters.add(waiter);
        signal.addEventListener('abort', aborted, { once: true });
      });
    },
  };
}
