/**
 * Messages of a pull consumer by callback, with demand, heartbeats and the end of each pull accounted for.
 *
 * Invariants:
 * 1. Never more messages are asked for than the owner wants; what a pull did not bring is given back.
 * 2. While anything is asked for, silence longer than `SILENCE_MS` breaks the subscription, and so does a new connection:
 *    the owner starts another one.
 * 3. After `close` or `onBroken` no callback comes any more.
 */
import {
  createInbox,
  type Msg,
  nanos,
  type NatsConnection,
  type Subscription,
} from '@nats-io/nats-core';
import { watchOf } from './connection-watch.ts';
import { inboxPrefixOf } from './connect.ts';
import { headerBlockOf, headerIn, statusOf } from './header-block.ts';

export type PullOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  readonly onMessage: (message: Msg) => void;
  /** The consumer has nothing for us: the last consumer and stream sequences it has delivered or passed over. */
  readonly onHeartbeat?: (lastConsumerSeq: number, lastStreamSeq: number) => void;
  /** Nothing is asked for any more: pull again to go on. */
  readonly onIdle?: () => void;
  readonly onBroken: (reason: string) => void;
};

const HEARTBEAT_MS = 500;
const SILENCE_MS = 2000;
const EXPIRES_MS = 30_000;
/** What one pull may bring, so that large bodies do not pile up in memory. */
const MAX_PULL_BYTES = 16 * 1024 * 1024;
/** A pull that came to its end in a normal way; anything else under 409 is the end of the consumer or of its leader. */
const PULL_ENDED = /Batch Completed|MaxBytes/;

export class PullSubscription {
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #watch: NodeJS.Timeout;
  readonly #forget: () => void;
  #asked = 0;
  #heardMs = Date.now();
  #open = true;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#inbox = createInbox(inboxPrefixOf(options.connection));
    this.#subscription = options.connection.subscribe(this.#inbox, {
      callback: (error, message) => (error ? this.#break(error.message) : this.#receive(message)),
    });
    this.#watch = setInterval(() => this.#checkSilence(), HEARTBEAT_MS);
    this.#forget = watchOf(options.connection).onReconnect(() =>
      this.#break('the connection is new'),
    );
  }

  /** Messages that were asked for and have not come. */
  get asked(): number {
    return this.#asked;
  }

  /** Asks for more messages. */
  pull(count: number): void {
    if (!this.#open || count <= 0) return;
    if (this.#asked === 0) this.#heardMs = Date.now();
    this.#asked += count;
    const { connection, stream, consumer } = this.#options;
    const request = {
      batch: count,
      max_bytes: MAX_PULL_BYTES,
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    try {
      connection.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
        JSON.stringify(request),
        { reply: this.#inbox },
      );
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#watch);
    this.#forget();
    this.#subscription.unsubscribe();
  }

  #receive(message: Msg): void {
    this.#heardMs = Date.now();
    // Messages of the stream come on their own subject; what comes on the inbox is about the pull.
    if (message.subject !== this.#inbox) {
      this.#asked = Math.max(0, this.#asked - 1);
      this.#options.onMessage(message);
      return;
    }
    const block = headerBlockOf(message);
    const { code, text } = statusOf(block);
    if (code === 100) {
      this.#options.onHeartbeat?.(
        Number(headerIn(block, 'Nats-Last-Consumer')),
        Number(headerIn(block, 'Nats-Last-Stream')),
      );
      return;
    }
    const unfilled = Number(headerIn(block, 'Nats-Pending-Messages') ?? 0);
    const ended = code === 404 || code === 408 || (code === 409 && PULL_ENDED.test(text));
    if (!ended) return this.#break(`${code} ${text}`);
    this.#asked = Math.max(0, this.#asked - unfilled);
    if (this.#asked === 0) this.#options.onIdle?.();
  }

  #checkSilence(): void {
    if (this.#asked === 0 || Date.now() - this.#heardMs < SILENCE_MS) return;
    // A busy event loop is not a silent server: what waits in the socket is read before the next check counts.
    setImmediate(() => {
      if (this.#open && this.#asked > 0 && Date.now() - this.#heardMs >= SILENCE_MS)
        this.#break('no heartbeat');
    });
  }

  #break(reason: string): void {
    if (!this.#open) return;
    this.close();
    this.#options.onBroken(reason);
  }
}
