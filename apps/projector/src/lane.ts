/**
 * One stream on its way into rows.
 *
 * It owns the positions of the stream's projections while it holds the lock and its claim is the newest.
 * 1. One reader feeds all projections, from the lowest position on; each skips what it has.
 * 2. Nothing is read faster than Postgres takes it: the follower waits for the batch before.
 * 3. Every failure ends a turn, not the lane: the next turn claims anew and reads on from what is committed.
 * 4. Rows that were made from another stream are never written to: the lane says so and waits for a person.
 * 5. `stop` lets the running batch finish.
 * 6. A turn writes with its own claims only: what is still under way when it ends never uses those of the next one.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Follower,
  followStream,
  type Logger,
  type NatsConnection,
  type StoredMessage,
} from '@writ/bus';
import {
  applyEntries,
  type Claimed,
  confirmClaims,
  type Entry,
  type Store,
} from '@writ/readmodels';
import { claimSource, type ReadFrom } from './claim-source.ts';
import { afterFailure, type Lane, type LaneLag, type LaneState } from './lane-state.ts';
import { holdLock, type Lock } from './lock.ts';
import { entryOf, type Source } from './sources.ts';

export type LaneOptions<Content> = {
  readonly connection: NatsConnection;
  readonly store: Store;
  readonly cell: string;
  readonly source: Source<Content>;
  readonly log: Logger;
  /** Messages folded at once, at most. */
  readonly maxBatch: number;
};

/** What one turn works on: its claims, and the lock that it holds them under. */
type Turn<Content> = { readonly claims: readonly Claimed<Content>[]; readonly lock: Lock };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** With nothing to write, it is asked this often whether somebody else claimed or reset the positions. */
const CONFIRM_EVERY_MS = 1000;

export function startLane<Content>(options: LaneOptions<Content>): Lane {
  const lane = new RunningLane(options);
  const ended = lane.run();
  return {
    source: options.source.name,
    get state() {
      return lane.state;
    },
    lag: () => lane.lag(),
    async stop() {
      lane.end();
      await ended;
    },
  };
}

class RunningLane<Content> {
  readonly #options: LaneOptions<Content>;
  readonly #stopping = new AbortController();
  state: LaneState = { status: 'starting' };
  #claims: readonly Claimed<Content>[] = [];
  #lastSeq = 0;
  #said: string | undefined;
  /** What a release could not read it tries once more when it starts. */
  #retryPaused = true;

  constructor(options: LaneOptions<Content>) {
    this.#options = options;
  }

  end(): void {
    this.#stopping.abort();
  }

  lag(): readonly LaneLag[] {
    return this.#claims.map(({ projection, seq, paused }) => ({
      projection: projection.name,
      seq,
      behind: Math.max(0, this.#lastSeq - seq),
      paused: paused?.reason ?? null,
    }));
  }

  async run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        await this.#turn(() => {
          failures = 0;
        });
      } catch (error) {
        failures++;
        this.#report(error);
        const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
        await this.#pause(longest * (0.5 + Math.random() / 2));
      }
    }
    this.state = { status: 'stopped' };
  }

  /** Holds the lock, claims, and projects until something goes wrong or the lane is stopped. */
  async #turn(onProgress: () => void): Promise<void> {
    const { store, source } = this.#options;
    const lock = await holdLock(store, `projector ${source.name}`, {
      signal: this.#stopping.signal,
      onStandby: () => {
        this.state = { status: 'standby' };
        this.#claims = [];
      },
    });
    if (lock === undefined) return;
    try {
      const { claims, readFrom } = await this.#claim();
      await this.#follow(readFrom, { claims, lock }, onProgress);
    } finally {
      lock.release();
    }
  }

  /** Takes the positions over. */
  async #claim(): Promise<{ claims: readonly Claimed<Content>[]; readFrom: ReadFrom }> {
    const { claims, lastSeq, readFrom } = await claimSource(this.#options, this.#retryPaused);
    this.#claims = claims;
    this.#lastSeq = lastSeq;
    this.#retryPaused = false;
    return { claims, readFrom };
  }

  async #follow(
    from: ReadFrom,
    { claims, lock }: Turn<Content>,
    onProgress: () => void,
  ): Promise<void> {
    const { connection, source, store, maxBatch, log } = this.#options;
    const end = Promise.withResolvers<void>();
    let work = Promise.resolve();
    let confirmAtMs = performance.now() + CONFIRM_EVERY_MS;
    /** One batch at a time, whether it came with messages or with the news that there are none. */
    const enqueue = (batch: () => Promise<void>): Promise<void> => {
      work = work.then(batch);
      work.catch((error: unknown) => end.reject(error));
      return work;
    };
    const follower = followStream({
      connection,
      stream: source.stream,
      ...from,
      ...(source.filters === undefined ? {} : { filters: source.filters }),
      maxBatch,
      onMessages: (messages, at) =>
        enqueue(async () => {
          this.#lastSeq = Math.max(this.#lastSeq, at.lastSeq + at.pending);
          await this.#apply(claims, { messages, lastSeq: at.lastSeq });
          this.state = { status: 'running' };
          this.#said = undefined;
          onProgress();
        }),
      onIdle: (lastSeq) => {
        this.#lastSeq = Math.max(this.#lastSeq, lastSeq);
        if (claims.some(({ seq, paused }) => paused === null && seq < lastSeq))
          void enqueue(() => this.#apply(claims, { messages: [], lastSeq })).catch(() => undefined);
        if (performance.now() >= confirmAtMs) {
          confirmAtMs = performance.now() + CONFIRM_EVERY_MS;
          void enqueue(() => confirmClaims(store.pool, claims)).catch(() => undefined);
        }
        this.state = { status: 'running' };
      },
      onTrouble: (error) => {
        this.state = { status: 'waiting', reason: error.message };
        log.debug({ source: source.name, code: error.code }, error.message);
      },
    });
    try {
      await this.#untilOver(follower, { end: end.promise, lock });
    } finally {
      await work.catch(() => undefined);
    }
  }

  async #untilOver(
    follower: Follower,
    { end, lock }: { readonly end: Promise<void>; readonly lock: Lock },
  ): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#stopping.signal.addEventListener('abort', () => resolve(), { once: true });
      if (this.#stopping.signal.aborted) resolve();
    });
    try {
      await Promise.race([follower.done, end, lock.lost, stopped]);
    } finally {
      await follower.stop();
    }
  }

  async #apply(
    claims: readonly Claimed<Content>[],
    {
      messages,
      lastSeq,
    }: { readonly messages: readonly StoredMessage[]; readonly lastSeq: number },
  ): Promise<void> {
    const { store, source, log } = this.#options;
    const entries: Entry<Content>[] = messages.map((message) => entryOf(source, message));
    const last = entries.at(-1);
    const through = { seq: lastSeq, id: last?.seq === lastSeq ? last.id : null };
    const pausedBefore = claims.filter(({ paused }) => paused !== null).length;
    await applyEntries(store.pool, claims, { entries, through });
    if (claims.filter(({ paused }) => paused !== null).length === pausedBefore) return;
    for (const { projection, paused } of claims)
      if (paused)
        log.error(
          { projection: projection.name, seq: paused.seq },
          `the projection is paused: ${paused.reason}`,
        );
  }

  #report(error: unknown): void {
    const { source, log } = this.#options;
    const { status, code, reason } = afterFailure(error);
    this.state = { status, reason };
    if (this.#said === reason) return;
    this.#said = reason;
    const fields = { source: source.name, code };
    if (status === 'halted') log.error(fields, reason);
    else log.warn(fields, `projecting starts again: ${reason}`);
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
