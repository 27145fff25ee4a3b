/**
 * Following the log over its segments: one stream at a time, the next when the one before is done.
 *
 * Invariants:
 * 1. The next segment is begun only when everything of the one before was handed over and handled.
 * 2. `onIdle` is passed on only while it is certain that the segment takes events: the silence of one that was closed
 *    says nothing about the log. Rolling over deletes the consumers of a closed segment before the next one begins, so
 *    it is enough to ask once after a consumer was made.
 * 3. What was removed from the broker is never passed over in silence.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { setTimeout as wait } from 'node:timers/promises';
import { WritError } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import type { Follower, FollowSettings, FollowStream } from './following.ts';
import { toLogError } from './jetstream-api.ts';
import { chainOf } from './segment-chain.ts';
import { SEGMENT_PREFIX } from './segment-names.ts';
import { type Chain, removedError, type Segment, segmentOf } from './segments.ts';
import { followOneStream } from './stream-follower.ts';

export type FollowLog = FollowSettings &
  Pick<FollowStream, 'onMessages'> & { readonly connection: NatsConnection };

/** Follows the log; outages of the broker and rolling over never end it. */
export function followLog(options: FollowLog): Follower {
  const follower = new LogFollower(options);
  void follower.run();
  return follower;
}

/** How often a segment is looked at that was closed and has no successor yet. */
const CLOSED_POLL_MS = 50;

class LogFollower implements Follower {
  readonly #options: FollowLog;
  readonly #end = Promise.withResolvers<void>();
  #inner: Follower | undefined;
  #position: number;
  #created: string | undefined;
  #stopped = false;

  constructor(options: FollowLog) {
    this.#options = options;
    this.#position = options.fromSeq - 1;
    this.#created = options.created;
    this.#end.promise.catch(() => undefined);
  }

  get position(): number {
    return Math.max(this.#position, this.#inner?.position ?? 0);
  }

  get done(): Promise<void> {
    return this.#end.promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#inner?.stop();
    this.#end.resolve();
    await this.#end.promise.catch(() => undefined);
  }

  /** Follows segment after segment. */
  async run(): Promise<void> {
    try {
      while (!this.#stopped) {
        const chain = await this.#chain();
        // Stopped meanwhile: whoever stopped it counts on hearing nothing more.
        if (chain === undefined || this.#stopped) return;
        const segment = this.#place(chain);
        await this.#follow(segment);
      }
    } catch (error) {
      this.#stopped = true;
      this.#end.reject(error);
    }
  }

  async #chain(): Promise<Chain | undefined> {
    const { connection, onTrouble } = this.#options;
    for (let tries = 0; !this.#stopped; tries++) {
      await watchOf(connection).untilConnected(1000);
      try {
        return await chainOf(connection).confirmed();
      } catch (error) {
        const trouble = toLogError(error, `${SEGMENT_PREFIX}*`);
        if (connection.isClosed()) throw trouble;
        onTrouble?.(trouble);
      }
      await wait(Math.min(1000, 50 * 2 ** tries) * (0.5 + Math.random()));
    }
    return undefined;
  }

  /** The segment to go on in, after comparing the one that the position was made on. */
  #place(chain: Chain): Segment {
    const next = this.position + 1;
    const segment = segmentOf(chain, next);
    if (segment === undefined) throw removedError(chain);
    const before = segmentOf(chain, Math.max(1, this.position));
    // A position may have been made in an older segment, which may have been removed since.
    const known = chain.firstSeq > 1 || chain.segments.some((one) => one.created === this.#created);
    if (this.#created !== undefined && before !== undefined && !known)
      throw new WritError(
        'CHECKPOINT_MISMATCH',
        `the stream \`${before.stream}\` was created at ${before.created}, the one before at ${this.#created}; run \`writ doctor --repair\``,
      );
    this.#created = segment.created;
    return segment;
  }

  /** Resolves when the segment is done, because another one goes on or because of `stop`. */
  async #follow(segment: Segment): Promise<void> {
    const { created: _, ...settings } = this.#options;
    const turn = new SegmentTurn(segment, this.#options);
    const inner = followOneStream({
      ...settings,
      stream: segment.stream,
      fromSeq: this.position + 1,
      onMessages: (batch, at) => {
        turn.handed = at.lastSeq;
        return settings.onMessages(batch, at);
      },
      onSubscribed: () => turn.subscribed(),
      onIdle: (lastSeq) => turn.idle(lastSeq),
      onTrouble: (error) => {
        turn.interrupted();
        settings.onTrouble?.(error);
      },
    });
    this.#inner = inner;
    try {
      await Promise.race([inner.done, turn.over]);
    } finally {
      turn.end();
      await inner.stop();
      this.#position = Math.max(this.#position, inner.position);
    }
  }
}

/** One segment being followed: whether it still takes events, and when the next one is to be begun. */
class SegmentTurn {
  readonly #segment: Segment;
  readonly #options: FollowLog;
  readonly #over = Promise.withResolvers<void>();
  /** The last sequence that was given to the handler, done or not. */
  handed = 0;
  #open = false;
  #idleSeq: number | undefined;
  #looking = false;
  #ended = false;

  constructor(segment: Segment, options: FollowLog) {
    this.#segment = segment;
    this.#options = options;
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  end(): void {
    this.#ended = true;
  }

  /** The consumer is there: from now on rolling over, which deletes it first, can not go unnoticed. */
  async subscribed(): Promise<void> {
    const segment = await this.#now();
    this.#open = segment?.open ?? false;
  }

  interrupted(): void {
    this.#open = false;
    void this.#look();
  }

  idle(lastSeq: number): void {
    this.#idleSeq = lastSeq;
    if (this.#open) this.#options.onIdle?.(lastSeq);
    else void this.#look();
  }

  async #now(): Promise<Segment | undefined> {
    const chain = await chainOf(this.#options.connection).confirmed();
    return chain.segments.find(({ number }) => number === this.#segment.number);
  }

  /** Asks how the segment stands until it is certain: it ended and was handled, it is gone, or it takes events. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (!this.#ended && !this.#open) {
      const segment = await this.#now().catch(() => 'unknown' as const);
      if (segment === undefined) this.#over.resolve();
      if (segment === undefined || segment === 'unknown' || segment.open) break;
      if (segment.lastSeq !== undefined) {
        if ((this.#idleSeq ?? 0) >= segment.lastSeq && this.handed <= segment.lastSeq)
          this.#over.resolve();
        break;
      }
      await wait(CLOSED_POLL_MS);
    }
    this.#looking = false;
  }
}
