/**
 * How long a governor takes from the start of its process until it answers, with a long log behind it: from a snapshot
 * and the most events that come after one, against folding the whole log.
 */
import { takeSnapshot } from '@writ/snapshotter';
import { treeMemoryMb } from './machine.ts';
import { type Measured, quantile, round } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { adminKey, factsOf, grantsOf, policySet, registeredAgent, seed } from './seed.ts';
import { openStage, type Stage } from './stage.ts';

/** Of each agent: its registration, its grants, and facts. */
const EVENTS_EACH = 100;
const GRANTS_EACH = 20;
const POLICIES = 20;
/** A snapshotter makes the next snapshot when so many events came. */
const TAIL_EVENTS = 25_000;
const ROUNDS = 3;

export async function benchGovernorStart(progress: Progress): Promise<BenchResult[]> {
  return [await startsAt(1_000_000, progress)];
}

/** Starts governors on a log of so many events, with and without a snapshot. */
async function startsAt(events: number, progress: Progress): Promise<BenchResult> {
  const stage = await openStage();
  try {
    const variant = `events-${events / 1000}k`;
    progress.say(`governor-start: filling the log with ${events} events`);
    const agents = events / EVENTS_EACH;
    const inTail = Math.min(agents / 2, TAIL_EVENTS / EVENTS_EACH);
    await fill(stage, 0, agents - inTail);
    const { saved } = await takeSnapshot({ secrets: stage.secrets, natsUrl: stage.natsUrl });
    if (saved === undefined) throw new Error('no snapshot was made');
    progress.say(`governor-start: the snapshot at ${saved.seq} has ${saved.bytes} bytes`);
    await fill(stage, agents - inTail, agents);
    const fromSnapshot = await starts(stage, (n) => progress.step(variant, n / (2 * ROUNDS)));
    const operator = await stage.connect('operator');
    await operator.request('$JS.API.STREAM.DELETE.SNAPSHOTS', '');
    const folding = await starts(stage, (n) => progress.step(variant, 0.5 + n / (2 * ROUNDS)));
    return compare(
      {
        name: 'governor-start',
        variant,
        memoryMb: fromSnapshot.memoryMb,
        floorIs: 'the same without a snapshot: the whole log is folded',
      },
      fromSnapshot.measured,
      folding.measured,
    );
  } finally {
    await stage.stop();
  }
}

async function fill(stage: Stage, from: number, to: number): Promise<void> {
  await seed(await stage.store(), function* (write) {
    if (from === 0) {
      yield adminKey(write);
      yield policySet(write, POLICIES);
    }
    for (let n = from; n < to; n++) {
      yield registeredAgent(write, n);
      yield grantsOf(write, n, GRANTS_EACH);
      yield factsOf(write, n, EVENTS_EACH - GRANTS_EACH - 1);
    }
  });
}

async function starts(
  stage: Stage,
  done: (count: number) => void,
): Promise<{ readonly measured: Measured; readonly memoryMb: number }> {
  const tookMs: number[] = [];
  let memoryMb = 0;
  for (let n = 1; n <= ROUNDS; n++) {
    const began = performance.now();
    const governor = await stage.run('governor');
    tookMs.push(performance.now() - began);
    memoryMb = Math.max(memoryMb, await treeMemoryMb(governor.pid));
    await governor.stop();
    done(n);
  }
  const sorted = tookMs.toSorted((a, b) => a - b);
  const total = tookMs.reduce((sum, ms) => sum + ms, 0);
  const measured = {
    p50Ms: round(quantile(sorted, 0.5), 0),
    p99Ms: round(quantile(sorted, 0.99), 0),
    perSecond: round((1000 * ROUNDS) / total, 2),
  };
  return { measured, memoryMb };
}
