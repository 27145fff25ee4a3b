/**
 * Commands of INBOX that the broker delivers no more, found without its advisory: it sends those once, to whoever
 * listens then, and a change of leaders may swallow one.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { INBOX } from './inbox.ts';
import { askJetStream } from './jetstream-api.ts';
import { leaderGet } from './stored-messages.ts';

export type Stranded = { readonly seq: number; readonly deliveries: number };

type ConsumerInfo = {
  readonly config: { readonly max_deliver?: number };
  readonly delivered: { readonly stream_seq: number };
  readonly num_ack_pending: number;
  readonly num_pending: number;
};

/** Seen to at one look, at most. */
const MAX_FOUND = 64;

export class StrandedWatch {
  readonly #connection: NatsConnection;
  #seen: ReadonlySet<number> = new Set();

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /**
   * What was delivered, waits for no acknowledgement, and is in the stream at this look and at the one before: what was
   * just acknowledged may still be there for a moment.
   */
  async look(): Promise<readonly Stranded[]> {
    const path = `CONSUMER.INFO.${INBOX.stream}.${INBOX.consumer}`;
    const info = await askJetStream<ConsumerInfo>(this.#connection, path, undefined);
    // With anything in hand it can not be told from what is stranded; the next idle moment tells.
    if (info.num_ack_pending > 0 || info.num_pending > 0) return [];
    const found = await this.#deliveredAndThere(info.delivered.stream_seq);
    const before = this.#seen;
    this.#seen = new Set(found);
    const deliveries = Math.max(1, info.config.max_deliver ?? 1);
    return found.filter((seq) => before.has(seq)).map((seq) => ({ seq, deliveries }));
  }

  async #deliveredAndThere(lastDelivered: number): Promise<number[]> {
    const stream = { connection: this.#connection, stream: INBOX.stream };
    const found: number[] = [];
    for (let seq = 1; found.length < MAX_FOUND; ) {
      const message = await leaderGet(stream, { seq, next_by_subj: '>' });
      if (message === undefined || message.seq > lastDelivered) break;
      found.push(message.seq);
      seq = message.seq + 1;
    }
    return found;
  }
}
