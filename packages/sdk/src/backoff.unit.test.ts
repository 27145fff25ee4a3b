import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { waitCeilingMs, withRetries } from './backoff.ts';

const passing = new Error('may pass');
const mayPass = (thrown: unknown): boolean => thrown === passing;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a call with retries', () => {
  test('is made again until it succeeds', async () => {
    let calls = 0;
    const done = withRetries(async () => (++calls < 4 ? Promise.reject(passing) : calls), {
      retries: 5,
      mayPass,
    });
    await vi.runAllTimersAsync();
    expect(await done).toBe(4);
  });

  test('throws what the last try threw when the retries are used up', async () => {
    let calls = 0;
    const done = withRetries(async () => Promise.reject((calls++, passing)), {
      retries: 2,
      mayPass,
    });
    done.catch(() => undefined);
    await vi.runAllTimersAsync();
    await expect(done).rejects.toBe(passing);
    expect(calls).toBe(3);
  });

  test('is not made again when it failed for good', async () => {
    let calls = 0;
    const final = new Error('for good');
    await expect(
      withRetries(async () => Promise.reject((calls++, final)), { retries: 5, mayPass }),
    ).rejects.toBe(final);
    expect(calls).toBe(1);
  });

  test('ends with the reason of its signal, under way and while it waits', async () => {
    for (const attempt of [
      () => new Promise<never>(() => undefined),
      async () => Promise.reject(passing),
    ]) {
      const aborting = new AbortController();
      const done = withRetries<never>(attempt, {
        retries: 1_000,
        signal: aborting.signal,
        mayPass,
      });
      done.catch(() => undefined);
      await vi.advanceTimersByTimeAsync(10);
      aborting.abort(new Error('given up'));
      await expect(done).rejects.toThrow('given up');
    }
  });

  test('is not made at all under a signal that was aborted before', async () => {
    let calls = 0;
    const done = withRetries(async () => calls++, {
      retries: 1,
      signal: AbortSignal.abort(new Error('never')),
      mayPass,
    });
    await expect(done).rejects.toThrow('never');
    expect(calls).toBe(0);
  });
});

test('waits grow to a ceiling', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 50].map(waitCeilingMs)).toEqual([
    50, 100, 200, 400, 800, 1600, 2000, 2000,
  ]);
});
