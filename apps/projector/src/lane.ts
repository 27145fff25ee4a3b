/**
 * One stream on its way into rows.
 *
 * It owns the positions of the stream's projections while it holds the lock and its claim is the newest.
 * 1. One reader feeds all projections, from the lowest position on; each skips what it has.
 * 2. Nothing is read faster than Postgres takes it: the follower waits for the batch before.
 * 3. Every failure ends a turn, not the lane: the next turn claims anew and reads on from what is committed.
 * 4. Rows that were made from another stream are never written to: the lane says so and waits for a person.
 * 5. `stop` lets the running batch finish.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { toWritError, WritError } from '@writ/contracts';
import {
  type Follower,
  followStream,
  type Logger,
  type NatsConnection,
  openStreamReader,
  type StoredMessage,
} from '@writ/bus';
import {
  applyEntries,
  checkPositions,
  type Claimed,
  claimPositions,
  confirmClaims,
  type Entry,
  isOutage,
  type Store,
  transact,
} from '@writ/readmodels';
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

/** `running` projects, `standby` waits for another projector to go, `waiting` tries again, `halted` needs a person. */
export type LaneState =
  | { readonly status: 'starting' | 'running' | 'standby' | 'stopped' }
  | { readonly status: 'waiting' | 'halted'; readonly reason: string };

export type LaneLag = {
  readonly projection: string;
  readonly seq: number;
  readonly behind: number;
  readonly paused: string | null;
};

export type Lane = {
  readonly source: string;
  readonly state: LaneState;
  /** How far each projection is behind the stream's end, as far as this lane knows. */
  lag(): readonly LaneLag[];
  stop(): Promise<void>;
};

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
      },
    });
    if (lock === undefined) return;
    try {
      const from = await this.#claim();
      await this.#follow(from, lock, onProgress);
    } finally {
      await lock.release();
    }
  }

  /** Takes the positions over, unless they belong to another stream; returns where to read from. */
  async #claim(): Promise<{ readonly fromSeq: number; readonly created: string }> {
    const { connection, store, cell, source } = this.#options;
    const reader = openStreamReader(connection, source.stream);
    const { created } = await reader.status();
    const identity = { source: source.name, cell, segment: source.segment, created };
    const idAt = async (seq: number): Promise<string | undefined> => {
      const message = await reader.get(seq);
      return message && source.idOf(message);
    };
    const { claims, status } = await transact(store.pool, async (client) => {
      const taken = await claimPositions(client, source.projections, {
        ...identity,
        retryPaused: this.#retryPaused,
      });
      // Only now, when nobody else moves the positions, can they be compared with the stream's end.
      const now = await reader.status();
      await checkPositions(taken.rows, source.projections, { ...identity, ...now, idAt });
      return { claims: taken.claimed, status: now };
    });
    this.#claims = claims;
    this.#lastSeq = status.lastSeq;
    this.#retryPaused = false;
    const lowest = Math.min(...this.#running().map(({ seq }) => seq), status.lastSeq);
    // What aged out of a stream can not be had any more; the log itself never loses its beginning.
    const fromSeq = source.name === 'EVENTS' ? lowest + 1 : Math.max(lowest + 1, status.firstSeq);
    return { fromSeq, created };
  }

  #running(): readonly Claimed<Content>[] {
    return this.#claims.filter(({ paused }) => paused === null);
  }

  async #follow(
    from: { fromSeq: number; created: string },
    lock: Lock,
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
          await this.#apply(messages, at.lastSeq);
          this.state = { status: 'running' };
          this.#said = undefined;
          onProgress();
        }),
      onIdle: (lastSeq) => {
        this.#lastSeq = Math.max(this.#lastSeq, lastSeq);
        if (this.#running().some(({ seq }) => seq < lastSeq))
          void enqueue(() => this.#apply([], lastSeq)).catch(() => undefined);
        if (performance.now() >= confirmAtMs) {
          confirmAtMs = performance.now() + CONFIRM_EVERY_MS;
          void enqueue(() => confirmClaims(store.pool, this.#claims)).catch(() => undefined);
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

  async #apply(messages: readonly StoredMessage[], lastSeq: number): Promise<void> {
    const { store, source, log } = this.#options;
    const entries: Entry<Content>[] = messages.map((message) => entryOf(source, message));
    const last = entries.at(-1);
    const through = { seq: lastSeq, id: last?.seq === lastSeq ? last.id : null };
    const pausedBefore = this.#claims.filter(({ paused }) => paused !== null).length;
    await applyEntries(store.pool, this.#claims, { entries, through });
    if (this.#claims.filter(({ paused }) => paused !== null).length === pausedBefore) return;
    for (const { projection, paused } of this.#claims)
      if (paused)
        log.error(
          { projection: projection.name, seq: paused.seq },
          `the projection is paused: ${paused.reason}`,
        );
  }

  #report(error: unknown): void {
    const { source, log } = this.#options;
    const fields = { source: source.name, code: codeOf(error) };
    if (error instanceof WritError && error.code === 'CHECKPOINT_MISMATCH') {
      if (!this.#saidAlready(error.message)) log.error(fields, error.message);
      this.state = { status: 'halted', reason: error.message };
      return;
    }
    const reason = reasonOf(error);
    if (!this.#saidAlready(reason)) log.warn(fields, `projecting starts again: ${reason}`);
    this.state = { status: 'waiting', reason };
  }

  #saidAlready(reason: string): boolean {
    const said = this.#said === reason;
    this.#said = reason;
    return said;
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : 'INTERNAL';
}

function reasonOf(error: unknown): string {
  if (codeOf(error) === '42P01') return 'the tables are not there; run `writ db migrate`';
  if (codeOf(error) === 'DEPOSED' || error instanceof WritError)
    return error instanceof Error ? error.message : '';
  if (isOutage(error))
    return `the read models can not be reached: ${error instanceof Error ? error.message : String(error)}`;
  return toWritError(error).message;
}
