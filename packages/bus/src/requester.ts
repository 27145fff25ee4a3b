/** Questions and commands of a role to other roles: one request, its reply, or a coded error that says what to do. */
import { errors, headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { WritError } from '@writ/contracts';

export type BusQuestion = {
  readonly subject: string;
  readonly body: Uint8Array | string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly timeoutMs: number;
};

export type BusReply = { readonly data: Uint8Array; header(name: string): string | undefined };

export type Requester = {
  /** False from the moment the connection is lost until it is back. */
  readonly connected: boolean;
  /** Throws `SERVICE_UNAVAILABLE` (nobody answers this), `TIMEOUT` (it may have been done) or `BUS_UNAVAILABLE`. */
  request(question: BusQuestion): Promise<BusReply>;
};

export function openRequester(connection: NatsConnection): Requester {
  let connected = !connection.isClosed();
  void (async () => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') connected = false;
      else if (type === 'reconnect') connected = true;
    }
    connected = false;
  })();
  return {
    get connected() {
      return connected;
    },
    async request({ subject, body, headers: lines = [], timeoutMs }) {
      if (!connected)
        throw new WritError(
          'BUS_UNAVAILABLE',
          'the connection to NATS is lost and being restored; try again',
        );
      const sent = headers();
      for (const [name, value] of lines) sent.set(name, value);
      try {
        return replyOf(
          await connection.request(subject, body, { timeout: timeoutMs, headers: sent }),
        );
      } catch (thrown) {
        throw noReply(thrown, timeoutMs);
      }
    },
  };
}

function replyOf(message: Msg): BusReply {
  return {
    data: message.data,
    header: (name) => (message.headers?.has(name) ? message.headers.get(name) : undefined),
  };
}

function noReply(thrown: unknown, timeoutMs: number): WritError {
  const causes = [thrown, thrown instanceof Error ? thrown.cause : undefined];
  if (causes.some((cause) => cause instanceof errors.NoRespondersError))
    return new WritError(
      'SERVICE_UNAVAILABLE',
      'no role that answers this is running; start it with `writ run` and try again',
      { cause: thrown },
    );
  if (causes.some((cause) => cause instanceof errors.TimeoutError))
    return new WritError(
      'TIMEOUT',
      `no answer came in ${timeoutMs} ms, and it is not known whether it was done; send the same again under the same idempotency key`,
      { cause: thrown },
    );
  return new WritError('BUS_UNAVAILABLE', 'the request could not be sent to NATS; try again', {
    cause: thrown,
  });
}
