/**
 * Requests of a role to the broker, many at once. The client's own `request` arms a timer and builds an error with its
 * stack for every request that succeeds, which takes a third of the time of an append.
 *
 * Invariants:
 * 1. Every request settles: by its reply, by its time, or at once when the connection is lost or its subject forbidden.
 * 2. Nothing is sent while the connection is down: it would be lost, and look as if it were on its way.
 */
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import { ConnectionLostError, watchOf } from './connection-watch.ts';
import { inboxPrefixOf } from './connect.ts';
import { headerBlockOf, statusOf } from './header-block.ts';

export type RequestOptions = { readonly timeoutMs: number; readonly headers?: MsgHdrs };

/** No reply came in time. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';
}

/** Nobody listens to the subject now. */
export class NoResponderError extends Error {
  override readonly name = 'NoResponderError';
}

/** The user of the connection may not publish to the subject. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
}

type Waiting = {
  readonly subject: string;
  /** The sweep that ends it. */
  readonly lastSweep: number;
  readonly resolve: (message: Msg) => void;
  readonly reject: (error: Error) => void;
};

/** Time is counted in sweeps of this length, so the time in which the process was stopped or busy does not count: the reply may be there. */
const SWEEP_MS = 25;

const muxes = new WeakMap<NatsConnection, RequestMux>();

/** Publishes and resolves with the first reply. */
export function request(
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array | string,
  options: RequestOptions,
): Promise<Msg> {
  let mux = muxes.get(connection);
  if (mux === undefined) {
    mux = new RequestMux(connection);
    muxes.set(connection, mux);
  }
  return mux.request(subject, payload, options);
}

class RequestMux {
  readonly #connection: NatsConnection;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #sweeper: NodeJS.Timeout | undefined;
  #count = 0;
  #sweeps = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#inbox = `${createInbox(inboxPrefixOf(connection))}.`;
    connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => (error ? this.#rejectAll(error) : this.#receive(message)),
    });
    const watch = watchOf(connection);
    watch.onLost(() => this.#rejectAll(new ConnectionLostError()));
    watch.onForbidden((subject) =>
      this.#rejectAll(
        new ForbiddenError(`permissions violation for publish to \`${subject}\``),
        subject,
      ),
    );
  }

  request(
    subject: string,
    payload: Uint8Array | string,
    { timeoutMs, headers }: RequestOptions,
  ): Promise<Msg> {
    if (!watchOf(this.#connection).connected) return Promise.reject(new ConnectionLostError());
    return new Promise((resolve, reject) => {
      const token = (this.#count++).toString(36);
      const lastSweep = this.#sweeps + Math.ceil(timeoutMs / SWEEP_MS);
      this.#waiting.set(token, { subject, lastSweep, resolve, reject });
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
      try {
        const reply = this.#inbox + token;
        this.#connection.publish(
          subject,
          payload,
          headers === undefined ? { reply } : { reply, headers },
        );
      } catch (error) {
        this.#waiting.delete(token);
        reject(error);
      }
    });
  }

  #receive(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    if (message.data.length === 0 && statusOf(headerBlockOf(message)).code === 503)
      waiting.reject(new NoResponderError(`nobody answers \`${waiting.subject}\` now`));
    else waiting.resolve(message);
  }

  #sweep(): void {
    this.#sweeps += 1;
    for (const [token, waiting] of this.#waiting) {
      if (waiting.lastSweep > this.#sweeps) continue;
      this.#waiting.delete(token);
      waiting.reject(new RequestTimeoutError(`no answer of \`${waiting.subject}\` came in time`));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }

  #rejectAll(error: Error, subject?: string): void {
    for (const [token, waiting] of this.#waiting) {
      if (subject !== undefined && waiting.subject !== subject) continue;
      this.#waiting.delete(token);
      waiting.reject(error);
    }
  }
}
