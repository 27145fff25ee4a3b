/** Read-your-writes: waiting until projections have come up to a sequence. */
import { setTimeout as wait } from 'node:timers/promises';
import { WritError } from '@writ/contracts';
import { reading, type Store } from '../store.ts';

const POLL_MS = 5;
/** Requests that may wait at once in one process. */
const MAX_WAITERS = 1000;

type Reached = ReadonlyMap<string, { readonly seq: number; readonly paused: string | null }>;
type Watch = { waiters: number; running: Promise<Reached> | undefined };

const watches = new WeakMap<Store, Watch>();

/**
 * Resolves when every projection named is at `seq` or beyond; throws `STALE_STATE` after `timeoutMs`, and at once when
 * one of them is paused before it. All that wait in this process share one query.
 */
export async function waitForPosition(
  store: Store,
  wanted: {
    readonly projections: readonly string[];
    readonly seq: number;
    readonly timeoutMs: number;
  },
): Promise<void> {
  const watch = watches.get(store) ?? { waiters: 0, running: undefined };
  watches.set(store, watch);
  if (watch.waiters >= MAX_WAITERS)
    throw new WritError(
      'OVERLOADED',
      `${MAX_WAITERS} requests wait for fresh read models already; try again later`,
    );
  watch.waiters++;
  try {
    await waitUntilReached(watch, store, wanted);
  } finally {
    watch.waiters--;
  }
}

async function waitUntilReached(
  watch: Watch,
  store: Store,
  {
    projections,
    seq,
    timeoutMs,
  }: { readonly projections: readonly string[]; readonly seq: number; readonly timeoutMs: number },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const reached = await look(watch, store);
    const behind = projections.filter((name) => (reached.get(name)?.seq ?? 0) < seq);
    if (behind.length === 0) return;
    const paused = behind.find((name) => (reached.get(name)?.paused ?? null) !== null);
    if (paused !== undefined)
      throw new WritError(
        'STALE_STATE',
        `the read model \`${paused}\` is paused before ${seq}: ${reached.get(paused)?.paused ?? ''}`,
      );
    if (performance.now() >= deadline)
      throw new WritError(
        'STALE_STATE',
        `the read model \`${behind[0] ?? ''}\` did not reach ${seq} in ${timeoutMs} ms; try again`,
      );
    await wait(POLL_MS);
  }
}

/** One query at a time; whoever asks while it runs gets its answer. */
function look(watch: Watch, store: Store): Promise<Reached> {
  watch.running ??= positionsNow(store).finally(() => {
    watch.running = undefined;
  });
  return watch.running;
}

async function positionsNow(store: Store): Promise<Reached> {
  const { rows } = await reading(() =>
    store.pool.query<{
      projection: string;
      seq: number;
      status: string;
      paused_reason: string | null;
    }>({
      name: 'positions-now',
      text: 'select projection, seq, status, paused_reason from projection_positions',
    }),
  );
  return new Map(
    rows.map((row) => [
      row.projection,
      {
        seq: row.seq,
        paused: row.status === 'paused' ? (row.paused_reason ?? 'no reason kept') : null,
      },
    ]),
  );
}
