/** Requests to the JetStream API with the broker's own error codes kept, and what they mean to a caller. */
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';
import { ForbiddenError, request } from './request-mux.ts';

/** The codes of JetStream that the bus acts on. */
export const jetStreamCodes = {
  streamNotFound: 10_059,
  consumerNotFound: 10_014,
  noMessage: 10_037,
  wrongLastSequence: 10_071,
  /** The same subject is being written by somebody else right now. */
  wrongLastSequenceInFlight: 10_164,
  storeFailed: 10_077,
  storageFull: 10_047,
  messageTooLarge: 10_054,
  batchDuplicate: 10_201,
} as const;

/** JetStream refused a request and said why. */
export class JetStreamFault extends Error {
  override readonly name = 'JetStreamFault';
  readonly errCode: number;
  readonly status: number;

  constructor(status: number, errCode: number, description: string) {
    super(description);
    this.status = status;
    this.errCode = errCode;
  }
}

type ErrorReply = {
  readonly error?: {
    readonly code?: number;
    readonly err_code?: number;
    readonly description?: string;
  };
};

/** Asks `$JS.API.<path>` and returns the parsed answer; throws `JetStreamFault` or an error of the connection. */
export async function askJetStream<T>(
  connection: NatsConnection,
  path: string,
  body: unknown,
  timeoutMs = 5000,
): Promise<T> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  return parseReply<T>(await request(connection, `$JS.API.${path}`, payload, { timeoutMs }));
}

/** Reads a JSON answer of JetStream; an `error` member becomes a `JetStreamFault`. */
export function parseReply<T>(message: Msg): T {
  const reply = message.json<T & ErrorReply>();
  if (reply.error === undefined) return reply;
  const { code = 500, err_code = 0, description = 'unknown' } = reply.error;
  throw new JetStreamFault(code, err_code, description);
}

export function isFault(thrown: unknown, errCode: number): boolean {
  return thrown instanceof JetStreamFault && thrown.errCode === errCode;
}

/** What a failed read or write of a stream means, as an error of the catalogue with its cause kept. */
export function toLogError(thrown: unknown, stream: string): WritError {
  if (thrown instanceof WritError) return thrown;
  if (isFull(thrown))
    return new WritError(
      'LOG_FULL',
      `the stream \`${stream}\` is full; raise its limits or roll over`,
      { cause: thrown },
    );
  if (isFault(thrown, jetStreamCodes.messageTooLarge))
    return new WritError('BODY_TOO_LARGE', `the message is larger than \`${stream}\` takes`, {
      cause: thrown,
    });
  if (isFault(thrown, jetStreamCodes.streamNotFound))
    return new WritError(
      'LOG_UNAVAILABLE',
      `there is no stream \`${stream}\`; run \`writ streams apply\``,
      { cause: thrown },
    );
  if (thrown instanceof ForbiddenError)
    return new WritError(
      'INTERNAL',
      `the role may not do this to \`${stream}\`: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  return new WritError(
    'LOG_UNAVAILABLE',
    `the stream \`${stream}\` does not answer: ${messageOf(thrown)}`,
    { cause: thrown },
  );
}

export function isFull(thrown: unknown): boolean {
  if (!(thrown instanceof JetStreamFault)) return false;
  if (thrown.errCode === jetStreamCodes.storageFull) return true;
  return thrown.errCode === jetStreamCodes.storeFailed && thrown.message.includes('maximum');
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
