/** Reading single messages and runs of messages of a stream, from the leader or from any replica. */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { watchOf } from './connection-watch.ts';
import type { StoredMessage } from './event-codec.ts';
import { headerBlockOf, headerIn, statusOf } from './header-block.ts';
import { askJetStream, isFault, JetStreamFault, jetStreamCodes } from './jetstream-api.ts';
import { RequestTimeoutError } from './request-mux.ts';

export type StreamState = {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly messages: number;
  readonly bytes: number;
};
type StreamInfo = {
  readonly created: string;
  readonly ts?: string;
  readonly state: StreamState;
  readonly cluster?: { readonly leader?: string };
  readonly config: {
    readonly subjects?: readonly string[];
    readonly first_seq?: number;
    readonly metadata?: Readonly<Record<string, string>>;
  };
};

export type StreamStatus = {
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messages: number;
  readonly bytes: number;
  /** The broker's clock when it answered. */
  readonly serverTimeMs: number;
};

/** The state of a stream as its leader sees it. */
export async function streamStatus(
  connection: NatsConnection,
  stream: string,
): Promise<StreamStatus> {
  return (await describeStream(connection, stream)).status;
}

/** A stream with what its configuration says about what it holds. */
export type StreamDescription = {
  readonly status: StreamStatus;
  readonly subjects: readonly string[];
  /** The sequence its first message has or will have. */
  readonly beginsAt: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** The node that leads it; `undefined` where there is only one. */
  readonly leader: string | undefined;
};

/** The state and configuration of a stream as its leader sees them. */
export async function describeStream(
  connection: NatsConnection,
  stream: string,
  timeoutMs?: number,
): Promise<StreamDescription> {
  const path = `STREAM.INFO.${stream}`;
  const info = await askLeader<StreamInfo>(connection, path, { timeoutMs, isOfLeader });
  const { subjects = [], first_seq = 1, metadata = {} } = info.config;
  return {
    status: {
      created: info.created,
      firstSeq: info.state.first_seq,
      lastSeq: info.state.last_seq,
      messages: info.state.messages,
      bytes: info.state.bytes,
      serverTimeMs: Date.parse(info.ts ?? ''),
    },
    subjects,
    beginsAt: first_seq,
    metadata,
    leader: info.cluster?.leader,
  };
}

/** A node that has lost the others tells what it has itself, and names no leader. */
function isOfLeader({ cluster }: StreamInfo): boolean {
  return cluster === undefined || Boolean(cluster.leader);
}

const ASK_MS = 5000;
const TRY_MS = 1000;
const PAUSE_MS = 100;

type LeaderQuestion<T> = {
  readonly body?: unknown;
  readonly timeoutMs?: number | undefined;
  readonly isOfLeader?: (answer: T) => boolean;
};

/** Asks what only a stream's leader can say: while there is none, questions are lost. */
async function askLeader<T>(
  connection: NatsConnection,
  path: string,
  { body, timeoutMs = ASK_MS, isOfLeader = () => true }: LeaderQuestion<T>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = deadline - performance.now();
    try {
      const answer = await askJetStream<T>(connection, path, body, Math.min(TRY_MS, left));
      if (isOfLeader(answer)) return answer;
      if (left <= TRY_MS) throw new RequestTimeoutError('there is no leader now');
      await wait(PAUSE_MS);
    } catch (error) {
      if (!(error instanceof RequestTimeoutError) || left <= TRY_MS) throw error;
    }
  }
}

type GetQuery =
  | { readonly last_by_subj: string }
  | { readonly seq: number; readonly next_by_subj?: string };
type GetReply = {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly hdrs?: string;
    readonly data?: string;
    readonly time: string;
  };
};

/** A message with when the broker took it. */
export type TimedMessage = StoredMessage & { readonly timeMs: number };

/** Asks the leader for one message; `undefined` when there is none. */
export async function leaderGet(
  {
    connection,
    stream,
    timeoutMs,
  }: { connection: NatsConnection; stream: string; timeoutMs?: number },
  query: GetQuery,
): Promise<TimedMessage | undefined> {
  try {
    const path = `STREAM.MSG.GET.${stream}`;
    const { message } = await askLeader<GetReply>(connection, path, { body: query, timeoutMs });
    return {
      seq: message.seq,
      subject: message.subject,
      headers: Buffer.from(message.hdrs ?? '', 'base64').toString('latin1'),
      data: Buffer.from(message.data ?? '', 'base64'),
      timeMs: Date.parse(message.time),
    };
  } catch (error) {
    if (isFault(error, jetStreamCodes.noMessage)) return undefined;
    throw error;
  }
}

/** A page of what a replica holds: at most `batch` messages that match, from `seq` on, in order. */
export type DirectQuery = {
  readonly seq: number;
  readonly next_by_subj?: string;
  readonly batch: number;
  readonly max_bytes?: number;
};

export type DirectPage = { readonly messages: StoredMessage[]; readonly pending: number };

const DIRECT_TIMEOUT_MS = 5000;

/** Reads a page from any replica, which may lag behind the leader. */
export function directGet(
  connection: NatsConnection,
  stream: string,
  query: DirectQuery,
): Promise<DirectPage> {
  return watchOf(connection).unlessLost(() => readPage(connection, stream, query));
}

async function readPage(
  connection: NatsConnection,
  stream: string,
  query: DirectQuery,
): Promise<DirectPage> {
  const messages: StoredMessage[] = [];
  const replies = await connection.requestMany(
    `$JS.API.DIRECT.GET.${stream}`,
    JSON.stringify(query),
    {
      strategy: 'sentinel',
      maxWait: DIRECT_TIMEOUT_MS,
    },
  );
  for await (const reply of replies) {
    const block = headerBlockOf(reply);
    const { code, text } = statusOf(block);
    if (code === 204)
      return { messages, pending: Number(headerIn(block, 'Nats-Num-Pending') ?? 0) };
    if (code === 404) return { messages, pending: 0 };
    if (code !== 0) throw new JetStreamFault(code, 0, text);
    messages.push({
      seq: Number(headerIn(block, 'Nats-Sequence')),
      subject: headerIn(block, 'Nats-Subject') ?? '',
      headers: block,
      data: reply.data,
    });
  }
  throw new JetStreamFault(503, 0, `the answer of \`${stream}\` broke off`);
}
