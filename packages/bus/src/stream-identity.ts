/**
 * How a stream is known again by who has read from it. A broker that lost the end of a stream, as in a power failure,
 * goes on under the same sequences: soon the stream is as long as before, and just as old.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import type { StoredMessage } from './event-codec.ts';
import { ownHeaders } from './header-block.ts';
import { leaderGet, type StreamStatus } from './stored-messages.ts';

/** What is not final may be over in a moment: a cluster that was killed as a whole may show less than it has until its next commit. */
export type Difference = { readonly final: boolean; readonly error: WritError };

export type IdentityOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** When the stream was created that a position was made on. */
  readonly created?: string | undefined;
  /** Every message is read, so the beginning must be there. */
  readonly whole: boolean;
};

export class StreamIdentity {
  readonly #options: IdentityOptions;
  #created: string | undefined;
  #last: StoredMessage | undefined;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#created = options.created;
  }

  /** Notes the message that was read last. */
  read(message: StoredMessage): void {
    this.#last = message;
  }

  /** From now on it is this stream that is read. */
  take({ created }: StreamStatus): void {
    this.#created = created;
  }

  /** Why the stream is not the one that was read up to a sequence; throws when the broker does not answer. */
  async differenceOf(status: StreamStatus, readSeq: number): Promise<Difference | undefined> {
    const { stream, whole } = this.#options;
    if (this.#created !== undefined && this.#created !== status.created)
      return difference(
        true,
        `the stream \`${stream}\` was created at ${status.created}, the one before at ${this.#created}`,
      );
    if (status.lastSeq < readSeq)
      return difference(
        false,
        `the stream \`${stream}\` ends at ${status.lastSeq}, before ${readSeq} that was read from it`,
      );
    if (whole && status.messages > 0 && status.firstSeq > readSeq + 1)
      return difference(
        true,
        `the stream \`${stream}\` begins at ${status.firstSeq}, after ${readSeq + 1} that is wanted`,
      );
    return await this.#differenceAt(this.#last?.seq ?? readSeq, status);
  }

  /** What aged out of the stream can not be compared any more. */
  async #differenceAt(seq: number, { firstSeq }: StreamStatus): Promise<Difference | undefined> {
    if (seq === 0 || seq < firstSeq) return undefined;
    const found = await leaderGet(this.#options, { seq });
    this.#last ??= found;
    if (this.#last === undefined || (found && isSame(found, this.#last))) return undefined;
    const there = found === undefined ? 'nothing' : 'another message';
    return difference(
      found !== undefined,
      `the stream \`${this.#options.stream}\` has ${there} at \`${seq}\`, which was read from it`,
    );
  }
}

/** What the broker adds changes when a stream is put back from its archive. */
function isSame(one: StoredMessage, other: StoredMessage): boolean {
  return (
    one.subject === other.subject &&
    Buffer.compare(one.data, other.data) === 0 &&
    String(ownHeaders(one.headers)) === String(ownHeaders(other.headers))
  );
}

function difference(final: boolean, what: string): Difference {
  const message = `${what}; run \`writ doctor --repair\` and start this role again`;
  return { final, error: new WritError('CHECKPOINT_MISMATCH', message) };
}
