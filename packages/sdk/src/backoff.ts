/** Tries again what may pass: exponential backoff with full jitter, bounded in number and wait. */
import { setTimeout as wait } from 'node:timers/promises';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;

export type Retrying = {
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
  readonly mayPass: (thrown: unknown) => boolean;
};

/** The longest wait before the retry with this number, counted from 0. */
export function waitCeilingMs(retry: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** retry);
}

/** Calls `attempt` until it succeeds, fails for good, or the retries are used up; throws what the last one threw. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { retries, signal, mayPass }: Retrying,
): Promise<T> {
  for (let retry = 0; ; retry++) {
    signal?.throwIfAborted();
    try {
      return await untilAborted(attempt(), signal);
    } catch (thrown) {
      signal?.throwIfAborted();
      if (retry >= retries || !mayPass(thrown)) throw thrown;
    }
    await wait(Math.random() * waitCeilingMs(retry), undefined, signal ? { signal } : {}).catch(
      () => undefined,
    );
  }
}

/** The promise, or the signal's reason as soon as it is aborted. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
