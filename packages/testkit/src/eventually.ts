/** Waiting for what must become true, by asking again until a deadline. */
import { setTimeout as wait } from 'node:timers/promises';

export type EventuallyOptions = { readonly withinMs?: number; readonly everyMs?: number };

/** Long after everything would have happened on a machine that is free, for it may be as busy as can be. */
const PATIENCE_MS = 30_000;

/** Asks until the check returns something true or does not throw any more; then returns it. Throws its last failure. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { withinMs = PATIENCE_MS, everyMs = 10 } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await check();
      if (value !== false && value !== undefined && value !== null) return value;
      failure = new Error(`it did not become true within ${withinMs} ms`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw failure;
    await wait(everyMs);
  }
}
