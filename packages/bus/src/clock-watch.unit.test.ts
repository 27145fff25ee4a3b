import { WritError } from '@writ/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ClockWatch, watchClock } from './clock-watch.ts';

const STEP_MS = 10;

let answers: boolean;
let latencyMs: number;
let troubles: number;
let watch: ClockWatch;

const store = {
  async status() {
    if (!answers) throw new WritError('LOG_UNAVAILABLE', 'there is no leader now');
    await new Promise((resolve) => setTimeout(resolve, latencyMs));
    const state = { firstSeq: 1, lastSeq: 1, messages: 1, bytes: 1 };
    return { created: '', segment: 1, ...state, serverTimeMs: Date.now() };
  },
};

beforeEach(async () => {
  vi.useFakeTimers();
  [answers, latencyMs, troubles] = [true, 0, 0];
  watch = watchClock({ store, onTrouble: () => troubles++ });
  await vi.advanceTimersByTimeAsync(STEP_MS);
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

/** Whether it said that it was cut off, at every moment of a time. */
async function saidWithin(ms: number): Promise<Set<boolean>> {
  const said = new Set<boolean>();
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await vi.advanceTimersByTimeAsync(STEP_MS);
    said.add(watch.cutOff());
  }
  return said;
}

test('a leader that is silent for less than fifteen seconds is not taken for one that is out of reach', async () => {
  answers = false;
  expect(await saidWithin(13_000)).toEqual(new Set([false]));
  [answers, latencyMs] = [true, 5 * STEP_MS];
  expect(await saidWithin(20_000)).toEqual(new Set([false]));
});

test('a leader that is silent for longer is out of reach, until a second after it is back', async () => {
  answers = false;
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await saidWithin(60_000)).toEqual(new Set([true]));
  answers = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(await saidWithin(20_000)).toEqual(new Set([false]));
});

test('each silence is told once', async () => {
  for (const silence of [1, 2]) {
    answers = false;
    await saidWithin(30_000);
    expect(troubles).toBe(silence);
    answers = true;
    await saidWithin(10_000);
  }
  expect(troubles).toBe(2);
});
