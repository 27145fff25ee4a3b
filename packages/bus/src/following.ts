/** What following a stream is asked for with, and what comes of it. */
import type { NatsConnection } from '@nats-io/nats-core';
import type { WritError } from '@writ/contracts';
import type { LogMessage } from './log-message.ts';

export type BatchPosition = {
  /** The stream sequence of the batch's last message. */
  readonly lastSeq: number;
  /** Messages still to come, as the broker knew when it sent that one. */
  readonly pending: number;
};

export type FollowSettings = {
  /** The first sequence wanted; 1 is all. */
  readonly fromSeq: number;
  /** Subjects, not overlapping; all when left out. */
  readonly filters?: readonly string[];
  readonly maxBatch?: number;
  /** The `created` of the stream a checkpoint was made on; `CHECKPOINT_MISMATCH` when it is another one now. */
  readonly created?: string;
  /** Everything up to this stream sequence was handled; at least twice a second while nothing comes. */
  readonly onIdle?: (lastSeq: number) => void;
  /** What is healed without anybody's help, for logs and metrics. */
  readonly onTrouble?: (error: WritError) => void;
};

export type FollowStream = FollowSettings & {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** Never called twice at once; a promise holds the rest back. */
  readonly onMessages: (batch: readonly LogMessage[], at: BatchPosition) => void | Promise<void>;
  /** A consumer was made; nothing is handed over before this is done. */
  readonly onSubscribed?: () => Promise<void>;
};

export type Follower = {
  /** The last sequence that was handed over and handled, or passed over by the filters. */
  readonly position: number;
  /** Resolves after `stop`; rejects when following can not go on: another stream, a hole, an unreadable event, a handler's error. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
};
