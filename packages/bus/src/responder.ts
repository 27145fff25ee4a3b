/**
 * Answering requests as a NATS micro service, so that stock tools see it.
 *
 * Invariants:
 * 1. Nothing is done for a request whose answer could go anywhere but to an inbox: the requester names the reply
 *    subject, and an answer elsewhere would be a publish in this role's name.
 * 2. Over `maxInFlight` a request is refused at once with `OVERLOADED`; nothing waits here.
 * 3. Every request that is handled gets at most one answer; a handler that fails gives a refusal.
 */
import { Match, type NatsConnection } from '@nats-io/nats-core';
import { type Service, type ServiceMsg, Svcm } from '@nats-io/services';
import { refusal, statusOf, toWritError, WritError } from '@writ/contracts';
import { handOver } from './connect.ts';
import { encodedHeaders, type HeaderLine, headerText } from './header-block.ts';

export type BusRequest = {
  readonly subject: string;
  readonly data: Uint8Array;
  /** The first value of a header. */
  header(name: string): string | undefined;
  /** Throws when it can not be sent, as one that is larger than a message may be; another may be given then. */
  reply(body: Uint8Array | string, headers?: readonly HeaderLine[]): void;
  /** Answers `{"ok":false,"error":…}` with the micro error headers. */
  refuse(error: WritError): void;
};

export type Endpoint = {
  readonly name: string;
  readonly subject: string;
  readonly queue: string;
  /** In flight until its promise settles; a handler without one is in flight until it answers. */
  readonly handler: (request: BusRequest) => void | Promise<void>;
};

export type ServeOptions = {
  /** The role's answering connection, which may publish to inboxes only. */
  readonly connection: NatsConnection;
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly maxInFlight: number;
  readonly endpoints: readonly Endpoint[];
  /** A handler failed with something that is no error of the catalogue. */
  readonly onError?: (error: unknown, subject: string) => void;
};

export type Responder = {
  readonly inFlight: number;
  /** Requests that were passed over because their answer had nowhere to go. */
  readonly dropped: number;
  /** Leaves the queue groups; requests in flight are still answered. */
  leave(): Promise<void>;
  /** Comes back after `leave`. */
  join(): Promise<void>;
  /** Leaves for good, when everything in flight is answered. */
  stop(): Promise<void>;
};

/** Starts to answer; resolves when the subscriptions are with the server. */
export async function serve(options: ServeOptions): Promise<Responder> {
  const responder = new MicroResponder(options);
  await responder.join();
  return responder;
}

class MicroResponder implements Responder {
  readonly #options: ServeOptions;
  #service: Service | undefined;
  #inFlight = 0;
  #dropped = 0;
  #empty = Promise.withResolvers<void>();

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get dropped(): number {
    return this.#dropped;
  }

  async join(): Promise<void> {
    if (this.#service !== undefined) return;
    const { connection, name, version, description, endpoints } = this.#options;
    const service = await new Svcm(connection).add({
      name,
      version,
      ...(description === undefined ? {} : { description }),
    });
    this.#service = service;
    for (const endpoint of endpoints) {
      const { name: endpointName, subject, queue } = endpoint;
      service.addEndpoint(endpointName, {
        subject,
        queue,
        handler: (error, message) => {
          if (error === null) this.#take(endpoint, message);
        },
      });
    }
    await connection.flush();
  }

  async leave(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    await service?.stop();
  }

  async stop(): Promise<void> {
    // With the bus gone there is nobody to say goodbye to, and nobody to hear the last answers.
    await this.leave().catch(() => undefined);
    if (this.#inFlight > 0) await this.#empty.promise;
    await handOver(this.#options.connection);
  }

  #take(endpoint: Endpoint, message: ServiceMsg): void {
    if (!message.reply?.startsWith('_INBOX.')) {
      this.#dropped++;
      return;
    }
    if (this.#inFlight >= this.#options.maxInFlight) {
      const text = `${this.#options.maxInFlight} requests are in flight; try again after a moment`;
      new MessageRequest(message).refuse(new WritError('OVERLOADED', text));
      return;
    }
    this.#inFlight++;
    const request = new MessageRequest(message);
    try {
      const done = endpoint.handler(request);
      if (done === undefined) return request.whenAnswered(() => this.#left());
      done.then(
        () => this.#left(),
        (error: unknown) => {
          this.#fail(request, error);
          this.#left();
        },
      );
    } catch (error) {
      this.#fail(request, error);
      this.#left();
    }
  }

  #fail(request: MessageRequest, thrown: unknown): void {
    const error = toWritError(thrown);
    if (error.code === 'INTERNAL') this.#options.onError?.(thrown, request.subject);
    try {
      request.refuse(error);
    } catch (unsent) {
      this.#options.onError?.(unsent, request.subject);
    }
  }

  #left(): void {
    this.#inFlight--;
    if (this.#inFlight > 0) return;
    this.#empty.resolve();
    this.#empty = Promise.withResolvers<void>();
  }
}

class MessageRequest implements BusRequest {
  readonly #message: ServiceMsg;
  #onAnswer: (() => void) | undefined;
  #answered = false;

  constructor(message: ServiceMsg) {
    this.#message = message;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  header(name: string): string | undefined {
    const value = this.#message.headers?.get(name, Match.IgnoreCase);
    return value === '' ? undefined : value;
  }

  whenAnswered(callback: () => void): void {
    if (this.#answered) callback();
    else this.#onAnswer = callback;
  }

  reply(body: Uint8Array | string, headers?: readonly HeaderLine[]): void {
    if (this.#answered) return;
    if (headers === undefined) this.#message.respond(body);
    else this.#message.respond(body, { headers: encodedHeaders(headerText(headers)) });
    this.#answered = true;
    this.#onAnswer?.();
  }

  refuse(error: WritError): void {
    this.reply(JSON.stringify(refusal(error)), [
      ['Nats-Service-Error-Code', String(statusOf(error.code))],
      ['Nats-Service-Error', `${error.code}: ${error.message}`],
    ]);
  }
}
