/** Reading any stream by sequence, undecoded: its state, single messages, and runs of them. */
import type { NatsConnection } from '@nats-io/nats-core';
import type { StoredMessage } from './event-codec.ts';
import { headerIn } from './header-block.ts';
import { toLogError } from './jetstream-api.ts';
import { getFromLog, LOG, readLog, statusOfLog } from './log-reader.ts';
import { directGet, leaderGet, type StreamStatus, streamStatus } from './stored-messages.ts';

export type StreamReader = {
  readonly stream: string;
  status(): Promise<StreamStatus>;
  /** The message at a sequence as the leader has it; `undefined` where there is none. */
  get(seq: number): Promise<StoredMessage | undefined>;
  /** A run of messages from a sequence on, in order; empty where the replica that answers has none yet. */
  page(query: {
    readonly fromSeq: number;
    readonly limit: number;
  }): Promise<readonly StoredMessage[]>;
};

const PAGE_BYTES = 16 * 1024 * 1024;

/** Opens a stream, or the log as a whole where that is named, for reading; every call throws `LOG_UNAVAILABLE` when the broker does not answer. */
export function openStreamReader(connection: NatsConnection, stream: string): StreamReader {
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toLogError(error, stream);
    }
  }
  if (stream === LOG)
    return {
      stream,
      status: () => guarded(() => statusOfLog(connection)),
      get: (seq) => guarded(() => getFromLog(connection, seq)),
      page: (query) => guarded(() => readLog(connection, query)),
    };
  return {
    stream,
    status: () => guarded(() => streamStatus(connection, stream)),
    get: (seq) => guarded(() => leaderGet({ connection, stream }, { seq })),
    page: ({ fromSeq, limit }) =>
      guarded(async () => {
        // With a batch of one the server does not say that it is done.
        const query = {
          seq: fromSeq,
          next_by_subj: '>',
          batch: Math.max(2, limit),
          max_bytes: PAGE_BYTES,
        };
        return (await directGet(connection, stream, query)).messages;
      }),
  };
}

/** The first value of a header of a stored message. */
export function headerOf(
  message: Pick<StoredMessage, 'headers'>,
  name: string,
): string | undefined {
  return headerIn(message.headers, name);
}
