/** DECISIONS: batches of decision records, one subject per governor, written by that governor alone. */
import type { NatsConnection } from '@nats-io/nats-core';
import { subjects } from '@writ/contracts';
import type { StoredMessage } from './event-codec.ts';
import { toLogError } from './jetstream-api.ts';
import { writeRecord } from './record-writer.ts';
import { leaderGet, type StreamStatus, streamStatus } from './stored-messages.ts';
import type { Follower, FollowSettings, FollowStream } from './following.ts';
import { followStream } from './follow.ts';

export type DecisionBatchWrite = {
  readonly tenant: string;
  readonly governor: string;
  readonly boot: string;
  /** The number of the batch's first record in this boot. */
  readonly firstN: number;
  /** The JSON array of records. */
  readonly body: Uint8Array | string;
};

export interface DecisionLog {
  readonly stream: 'DECISIONS';
  /** Stores a batch and returns its sequence; throws `LOG_UNAVAILABLE` or `LOG_FULL` when it is not certain to be stored. */
  append(batch: DecisionBatchWrite): Promise<number>;
  /** The last batch of a governor, for numbering after a restart. */
  lastOf(tenant: string, governor: string): Promise<StoredMessage | undefined>;
  /** The sequence of the first batch that was stored at a time, in milliseconds, or later; the next one where there is none. */
  firstSince(timeMs: number): Promise<number>;
  /** Every batch from a sequence on, for ever. */
  follow(options: FollowSettings & Pick<FollowStream, 'onMessages'>): Follower;
  status(): Promise<StreamStatus>;
}

const STREAM = 'DECISIONS';

/** Opens the decision log; `timeoutMs` bounds one append (10 s when left out). */
export function openDecisionLog(options: {
  readonly connection: NatsConnection;
  readonly ingest: string;
  readonly timeoutMs?: number;
}): DecisionLog {
  const { connection, ingest, timeoutMs = 10_000 } = options;
  return {
    stream: STREAM,
    async append({ tenant, governor, boot, firstN, body }) {
      const subject = subjects.decisions(tenant, governor);
      const messageId = `${tenant}/${governor}/${boot}/${firstN}`;
      const seq = await writeRecord(
        { connection, ingest, stream: STREAM, timeoutMs },
        { subject, messageId, body },
      );
      return seq ?? 0;
    },
    async lastOf(tenant, governor) {
      try {
        return await leaderGet(
          { connection, stream: STREAM },
          { last_by_subj: subjects.decisions(tenant, governor) },
        );
      } catch (error) {
        throw toLogError(error, STREAM);
      }
    },
    async firstSince(timeMs) {
      try {
        const { firstSeq, lastSeq } = await streamStatus(connection, STREAM);
        let [low, high] = [Math.max(1, firstSeq), lastSeq + 1];
        while (low < high) {
          const seq = Math.floor((low + high) / 2);
          const message = await leaderGet({ connection, stream: STREAM }, { seq });
          // What is not there any more was older than what is.
          if (message && message.timeMs >= timeMs) high = seq;
          else low = seq + 1;
        }
        return low;
      } catch (error) {
        throw toLogError(error, STREAM);
      }
    },
    follow: (settings) => followStream({ ...settings, connection, stream: STREAM }),
    async status() {
      try {
        return await streamStatus(connection, STREAM);
      } catch (error) {
        throw toLogError(error, STREAM);
      }
    },
  };
}
