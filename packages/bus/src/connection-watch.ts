/** Whether a connection is up, so that nothing waits for an answer that was lost with it. */
import { errors, type NatsConnection } from '@nats-io/nats-core';

/** The connection went away before the answer came. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';

  constructor() {
    super('the connection was lost');
  }
}

const watches = new WeakMap<NatsConnection, ConnectionWatch>();

/** The one watch of a connection. */
export function watchOf(connection: NatsConnection): ConnectionWatch {
  const known = watches.get(connection);
  if (known !== undefined) return known;
  const watch = new ConnectionWatch(connection);
  watches.set(connection, watch);
  return watch;
}

export class ConnectionWatch {
  readonly #lost = new Set<() => void>();
  readonly #back = new Set<() => void>();
  readonly #forbidden = new Set<(subject: string) => void>();
  #connected: boolean;

  constructor(connection: NatsConnection) {
    this.#connected = !connection.isClosed();
    void this.#listen(connection);
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Does what needs the connection; rejects as soon as the connection is lost. The client itself would wait for its timeout. */
  unlessLost<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#connected) return Promise.reject(new ConnectionLostError());
    return new Promise((resolve, reject) => {
      const lose = () => reject(new ConnectionLostError());
      this.#lost.add(lose);
      work()
        .then(resolve, reject)
        .finally(() => this.#lost.delete(lose));
    });
  }

  /** Resolves when the connection is up, or after the time given. */
  async untilConnected(timeoutMs: number): Promise<void> {
    if (this.#connected) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#back.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#back.add(done);
    });
  }

  /** Calls back each time the connection is up again; what it returns ends that. */
  onReconnect(callback: () => void): () => void {
    this.#back.add(callback);
    return () => void this.#back.delete(callback);
  }

  /** Calls back each time the connection is lost; what it returns ends that. */
  onLost(callback: () => void): () => void {
    this.#lost.add(callback);
    return () => void this.#lost.delete(callback);
  }

  /** Calls back with the subject each time the broker refuses a publish. */
  onForbidden(callback: (subject: string) => void): () => void {
    this.#forbidden.add(callback);
    return () => void this.#forbidden.delete(callback);
  }

  async #listen(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      const { type } = status;
      if (type === 'disconnect' || type === 'close') this.#turn(false, this.#lost);
      else if (type === 'reconnect') this.#turn(true, this.#back);
      else if (
        type === 'error' &&
        status.error instanceof errors.PermissionViolationError &&
        status.error.operation === 'publish'
      )
        for (const callback of this.#forbidden) callback(status.error.subject);
    }
    this.#turn(false, this.#lost);
  }

  #turn(connected: boolean, callbacks: ReadonlySet<() => void>): void {
    this.#connected = connected;
    for (const callback of [...callbacks]) callback();
  }
}
