/**
 * The snapshotter: looks now and then how far the log has gone on since the last snapshot, and makes the next one.
 * Everything works without it; starting a governor or a commander on a long log then takes as long as folding it.
 */
import { Worker } from 'node:worker_threads';
import {
  connectAs,
  type Logger,
  type NatsConnection,
  openEventStore,
  openSnapshots,
  reporting,
  type RunningRole,
  type Secrets,
} from '@writ/bus';
import type { SnapshotCounts } from '@writ/contracts';
import { worldFold } from '@writ/domain';
import { isDue, SNAPSHOT_RULE, type SnapshotRule } from './due.ts';
import type { SnapshotTaken, SnapshotTask } from './take-snapshot.ts';

export type SnapshotterOptions = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly log: Logger;
  readonly rule?: Partial<SnapshotRule>;
  /** How often it looks; every 10 s when left out. */
  readonly everyMs?: number;
};

const LOOK_MS = 10_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

/** Starts looking; whatever goes wrong is said in the log and tried again later. */
export async function startSnapshotter(options: SnapshotterOptions): Promise<RunningRole> {
  const snapshotter = new Snapshotter(options);
  await snapshotter.begin();
  const role: RunningRole = {
    name: 'snapshotter',
    ready: () => ({ ok: true }),
    state: () => ({ snapshots: snapshotter.counts }),
    stop: () => snapshotter.stop(),
  };
  return reporting(role, () => snapshotter.connection);
}

class Snapshotter {
  readonly #options: SnapshotterOptions;
  readonly #rule: SnapshotRule;
  readonly #everyMs: number;
  readonly counts = { loaded: 0, made: 0, ignored: {} as Record<string, number> };
  connection: NatsConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;
  #looking: Promise<void> = Promise.resolve();
  #sinceMs = performance.now();
  #tookMs = 0;
  #failures = 0;
  #stopped = false;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#rule = { ...SNAPSHOT_RULE, ...options.rule };
    this.#everyMs = options.everyMs ?? LOOK_MS;
  }

  /** Connects if it can, so that it is heard of; what is in the way is said at the first look. */
  async begin(): Promise<void> {
    await this.#connect().catch(() => undefined);
    this.lookLater();
  }

  /** Several snapshotters do not look at the same moment. */
  lookLater(): void {
    if (this.#stopped) return;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, this.#everyMs * 2 ** this.#failures);
    this.#timer = setTimeout(
      () => {
        this.#looking = this.#look().then(() => this.lookLater());
      },
      pauseMs * (0.8 + 0.4 * Math.random()),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#worker?.terminate();
    await this.#looking;
    await this.connection?.close();
  }

  async #look(): Promise<void> {
    try {
      const events = await this.#eventsSince();
      if (this.#stopped) return;
      const ms = performance.now() - this.#sinceMs;
      if (isDue(this.#rule, { events, ms, tookMs: this.#tookMs })) await this.#take();
      this.#failures = 0;
    } catch (thrown) {
      if (this.#stopped) return;
      this.#failures += 1;
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      this.#options.log.warn({ err: why }, 'no snapshot could be made; it is tried again later');
    }
  }

  /** How many events came after the newest snapshot, whoever made it. */
  async #eventsSince(): Promise<number> {
    const { cell, ingest } = this.#options.secrets;
    const connection = await this.#connect();
    const store = openEventStore({ connection, cell, ingest });
    const { lastSeq } = await store.status();
    const snapshots = openSnapshots({ connection, ingest, store, fold: worldFold });
    return lastSeq - (await snapshots.newestSeq());
  }

  async #connect(): Promise<NatsConnection> {
    const { secrets, natsUrl } = this.#options;
    this.connection ??= await connectAs(secrets, 'snapshotter-store', {
      servers: natsUrl,
      name: 'writ-snapshotter',
    });
    return this.connection;
  }

  #count({ loaded, made, ignored }: SnapshotCounts): void {
    this.counts.loaded += loaded;
    this.counts.made += made;
    for (const [reason, count] of Object.entries(ignored))
      this.counts.ignored[reason] = (this.counts.ignored[reason] ?? 0) + count;
  }

  async #take(): Promise<void> {
    const { secrets, natsUrl, log } = this.#options;
    const began = performance.now();
    const { saved, folded, ignored, counts } = await this.#work({ secrets, natsUrl });
    this.#count(counts);
    this.#sinceMs = performance.now();
    this.#tookMs = this.#sinceMs - began;
    for (const why of ignored) log.warn({ ignored: why }, 'a snapshot is ignored');
    if (saved === undefined) return;
    const ms = Math.round(this.#tookMs);
    log.info({ ...saved, folded, ms }, 'a snapshot is made');
  }

  #work(task: SnapshotTask): Promise<SnapshotTaken> {
    const worker = new Worker(new URL('./snapshot-worker.ts', import.meta.url), {
      workerData: task,
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => {
        this.#worker = undefined;
        reject(new Error(`the thread that makes it ended with ${code}`));
      });
    });
  }
}
