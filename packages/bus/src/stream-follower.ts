/**
 * Following a stream from a sequence on, for ever: an ephemeral consumer that is made again whenever anything is wrong.
 *
 * Invariants:
 * 1. Messages are handed over in the stream's order, each once, whatever breaks in between.
 * 2. `position` moves only after the handler is done with a batch; a new consumer starts behind what was received.
 * 3. Without filters a missing sequence ends the following: the log has no holes.
 * 4. `onIdle(seq)` means that everything up to `seq` was handed over and handled.
 *    A consumer may live on a node that lags behind the leader, and knows only what that node has.
 * 5. A stream that is another one, shorter than what was handed over, or another at its end, ends the following.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Msg, nanos, nuid } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import { parseDelivery } from './delivery.ts';
import type { Follower, FollowStream } from './following.ts';
import { askJetStream, messageOf, toLogError } from './jetstream-api.ts';
import { LogMessage } from './log-message.ts';
import { PullSubscription } from './pull-subscription.ts';
import { describeStream, type StreamDescription } from './stored-messages.ts';
import { StreamIdentity } from './stream-identity.ts';

/** Follows one stream to its end and waits there. */
export function followOneStream(options: FollowStream): Follower {
  const follower = new StreamFollower(options);
  void follower.run();
  return follower;
}

type ConsumerInfo = {
  readonly num_pending: number;
  readonly cluster?: { readonly leader?: string };
};

/** For so long a stream may differ from the one that was read, where that may be over in a moment. */
const PATIENCE_MS = 15_000;
const INACTIVE_MS = 300_000;

class StreamFollower implements Follower {
  readonly #options: FollowStream;
  readonly #maxBatch: number;
  readonly #identity: StreamIdentity;
  readonly #end = Promise.withResolvers<void>();
  #queue: LogMessage[] = [];
  #subscription: PullSubscription | undefined;
  #consumer: string | undefined;
  #received: number;
  #handled: number;
  #consumerSeq = 0;
  #pending = 0;
  #idleSeq: number | undefined;
  #handling = false;
  #scheduled = false;
  #stopped = false;
  #holeAt = 0;
  /** Where the leader's stream ended when the consumer was made. */
  #due = 0;

  constructor(options: FollowStream) {
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 1000;
    this.#identity = new StreamIdentity({ ...options, whole: options.filters === undefined });
    this.#received = options.fromSeq - 1;
    this.#handled = options.fromSeq - 1;
    this.#end.promise.catch(() => undefined);
  }

  get position(): number {
    return this.#handled;
  }

  get done(): Promise<void> {
    return this.#end.promise;
  }

  async stop(): Promise<void> {
    this.#finish();
    await this.#end.promise.catch(() => undefined);
  }

  /** Makes consumers until one lives; called again when it breaks. */
  async run(): Promise<void> {
    const { connection, stream, onTrouble } = this.#options;
    // Not the time that the broker was away: it may show too little only when it is back.
    let differsSinceMs: number | undefined;
    for (let tries = 0; !this.#stopped; tries++) {
      await watchOf(connection).untilConnected(1000);
      try {
        const description = await describeStream(connection, stream);
        const problem = await this.#identity.differenceOf(description.status, this.#received);
        if (problem === undefined) return await this.#subscribe(description);
        differsSinceMs ??= performance.now();
        if (problem.final || performance.now() - differsSinceMs > PATIENCE_MS)
          return this.#finish(problem.error);
        onTrouble?.(problem.error);
      } catch (error) {
        if (connection.isClosed()) return this.#finish(toLogError(error, stream));
        onTrouble?.(toLogError(error, stream));
      }
      await wait(Math.min(1000, 50 * 2 ** tries) * (0.5 + Math.random()));
    }
  }

  async #subscribe({ status, leader }: StreamDescription): Promise<void> {
    const { connection, stream, filters } = this.#options;
    const name = `follow-${nuid.next()}`;
    const config = {
      name,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: this.#received + 1,
      ack_policy: 'none',
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
      ...(filters === undefined ? {} : { filter_subjects: filters }),
    };
    const info = await askJetStream<ConsumerInfo>(connection, `CONSUMER.CREATE.${stream}.${name}`, {
      stream_name: stream,
      config,
      action: 'create',
    });
    this.#consumer = name;
    try {
      await this.#options.onSubscribed?.();
    } catch (error) {
      this.#dropConsumer(name);
      throw error;
    }
    if (this.#stopped) return this.#dropConsumer(name);
    this.#identity.take(status);
    this.#consumerSeq = 0;
    this.#due = status.lastSeq;
    // Only the leader's own consumer can say at once that nothing is pending: another node may have nothing *yet*.
    const idle = info.num_pending === 0 && info.cluster?.leader === leader;
    this.#idleSeq = idle ? Math.max(status.lastSeq, this.#received) : undefined;
    this.#subscription = new PullSubscription({
      connection,
      stream,
      consumer: name,
      onMessage: (message) => this.#receive(message),
      onHeartbeat: (consumerSeq, streamSeq) => this.#heartbeat(consumerSeq, streamSeq),
      onIdle: () => this.#pull(),
      onBroken: (reason) => this.#restart(`the consumer broke: ${reason}`),
    });
    this.#pull();
    this.#schedule();
  }

  #receive(message: Msg): void {
    const delivery = parseDelivery(message.reply ?? '');
    if (delivery === undefined) return;
    const { streamSeq, consumerSeq } = delivery;
    if (consumerSeq !== this.#consumerSeq + 1)
      return this.#restart(`messages were lost before ${streamSeq}`);
    this.#consumerSeq = consumerSeq;
    // A node that lagged when the consumer was made begins at the end that it had then.
    if (streamSeq <= this.#received) return this.#pull();
    if (this.#options.filters === undefined && streamSeq !== this.#received + 1)
      return this.#hole(this.#received + 1);
    this.#received = streamSeq;
    this.#pending = Math.max(delivery.pending, this.#missing(streamSeq));
    // Nothing came after it when it was sent: caught up without waiting for the next heartbeat.
    this.#idleSeq = delivery.pending === 0 && streamSeq >= this.#due ? streamSeq : undefined;
    const received = new LogMessage(message, streamSeq, delivery.timeMs);
    this.#identity.read(received);
    this.#queue.push(received);
    this.#schedule();
  }

  /** Messages that the consumer's node has not got and can not count. */
  #missing(streamSeq: number): number {
    return this.#options.filters === undefined ? this.#due - streamSeq : 0;
  }

  /** A hole counts when a second consumer shows it too. */
  #hole(seq: number): void {
    if (this.#holeAt !== seq) {
      this.#holeAt = seq;
      return this.#restart(`${seq} did not come`);
    }
    this.#finish(
      new WritError(
        'EVENT_UNREADABLE',
        `${seq} is missing from \`${this.#options.stream}\`; restore the stream from its archive`,
      ),
    );
  }

  #heartbeat(consumerSeq: number, streamSeq: number): void {
    if (consumerSeq !== this.#consumerSeq) return this.#restart('messages were lost');
    const reached = Math.max(streamSeq, this.#received);
    // The consumer's node has not yet got what the leader had.
    if (reached < this.#due) return;
    this.#idleSeq = reached;
    this.#schedule();
  }

  /** One microtask gathers what arrived in one read of the socket. */
  #schedule(): void {
    if (this.#scheduled || this.#handling || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      void this.#handle();
    });
  }

  async #handle(): Promise<void> {
    if (this.#handling) return;
    this.#handling = true;
    try {
      while (this.#queue.length > 0 && !this.#stopped) {
        const batch =
          this.#queue.length <= this.#maxBatch ? this.#queue : this.#queue.slice(0, this.#maxBatch);
        this.#queue = batch === this.#queue ? [] : this.#queue.slice(this.#maxBatch);
        const lastSeq = batch.at(-1)?.seq ?? this.#handled;
        const done = this.#options.onMessages(batch, {
          lastSeq,
          pending: this.#pending + this.#queue.length,
        });
        if (done !== undefined) await done;
        this.#handled = lastSeq;
        this.#pull();
      }
      this.#reportIdle();
    } catch (error) {
      this.#finish(error);
    } finally {
      this.#handling = false;
      if (this.#stopped) this.#end.resolve();
      else if (this.#queue.length > 0) this.#schedule();
    }
  }

  #reportIdle(): void {
    if (this.#stopped || this.#idleSeq === undefined || this.#queue.length > 0) return;
    this.#handled = Math.max(this.#handled, this.#idleSeq);
    this.#options.onIdle?.(this.#idleSeq);
    this.#idleSeq = undefined;
  }

  /** Keeps two batches under way: one in the handler, one on the wire. */
  #pull(): void {
    const subscription = this.#subscription;
    if (subscription === undefined || this.#stopped) return;
    const window = this.#maxBatch * 2;
    const room = window - subscription.asked - this.#queue.length;
    if (room >= this.#maxBatch || (subscription.asked === 0 && room > 0)) subscription.pull(room);
  }

  #restart(reason: string): void {
    if (this.#stopped) return;
    this.#options.onTrouble?.(
      new WritError(
        'LOG_UNAVAILABLE',
        `following \`${this.#options.stream}\` starts again after ${this.#received}: ${reason}`,
      ),
    );
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#idleSeq = undefined;
    this.#dropConsumer(this.#consumer);
    void this.run();
  }

  #finish(error?: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#subscription?.close();
    this.#dropConsumer(this.#consumer);
    if (error !== undefined) this.#end.reject(error);
    else if (!this.#handling) this.#end.resolve();
  }

  #dropConsumer(name: string | undefined): void {
    const { connection, stream } = this.#options;
    if (name === undefined || connection.isClosed()) return;
    // It would go by itself after its time; a failure to say so changes nothing.
    askJetStream(connection, `CONSUMER.DELETE.${stream}.${name}`, undefined).catch(
      (error: unknown) => messageOf(error),
    );
  }
}
