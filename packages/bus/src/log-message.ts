/** Messages of a stream as a follower gets them. */
import type { Msg } from '@nats-io/nats-core';
import { headerBlockOf, headerIn } from './header-block.ts';

/** A message of a stream as it was stored. */
export class LogMessage {
  readonly seq: number;
  readonly subject: string;
  /** When the broker stored it. */
  readonly timeMs: number;
  readonly data: Uint8Array;
  readonly #message: Msg;

  constructor(message: Msg, seq: number, timeMs: number) {
    this.#message = message;
    this.seq = seq;
    this.timeMs = timeMs;
    this.subject = message.subject;
    this.data = message.data;
  }

  /** The header block as text. */
  get headers(): string {
    return headerBlockOf(this.#message);
  }

  /** The first value of a header. */
  header(name: string): string | undefined {
    return headerIn(this.headers, name);
  }
}
