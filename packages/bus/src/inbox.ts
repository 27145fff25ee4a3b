/**
 * Taking commands from INBOX.
 *
 * Invariants:
 * 1. A command leaves INBOX only when it was handled, or after its dead letter is stored.
 * 2. Trouble of ours (the log or a store away, a human needed) holds what is in hand and pulls nothing more; the broker
 *    is told that work goes on, so that no delivery is used up. Nothing is pulled before everything was there once: who
 *    is started again and again in the meantime takes nothing that it would have to give back.
 * 3. A command that can not be handled delays nobody: the others in flight go on.
 * 4. A command whose deliveries all ended without an outcome (it kills its handler) is buried unopened at the last one.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { errorCatalogue, toWritError, WritError } from '@writ/contracts';
import { handOver } from './connect.ts';
import { type DeadLetters, openDeadLetters } from './dead-letters.ts';
import { parseDelivery } from './delivery.ts';
import {
  type Held,
  type InboxCommand,
  isBareAcknowledgement,
  toCommand,
  toLetter,
} from './inbox-command.ts';
import { askJetStream, toLogError } from './jetstream-api.ts';
import { isOutage } from './outage.ts';
import { PullSubscription } from './pull-subscription.ts';

export type InboxOptions = {
  readonly connection: NatsConnection;
  readonly ingest: string;
  readonly maxInFlight: number;
  /** Throws while something is away that commands need; nothing is taken before it was there once. */
  readonly healthy?: () => Promise<void>;
  /** Resolves when the command is done; what it throws is acted on by its delivery class. */
  readonly handler: (command: InboxCommand) => Promise<void>;
  readonly onTrouble?: (error: WritError) => void;
};

export type InboxIntake = {
  /** True while trouble of ours holds the intake. */
  readonly paused: boolean;
  readonly inFlight: number;
  /** Pulls no more, lets handlers finish, gives back what is held. */
  stop(): Promise<void>;
};

export const INBOX = { stream: 'INBOX', consumer: 'commander' } as const;
const { stream: STREAM, consumer: CONSUMER } = INBOX;

/** Why a delivery was ended for good, as the broker's advisory repeats it. */
export const BURIED = 'dead letter';
export const NOT_A_COMMAND = 'an acknowledgement, not a command';

/** Tries of one delivery for what may pass by itself. */
const TRIES = 5;
const MAX_WORKING_MS = 3000;
const MAX_HOLD_MS = 5000;
/** What failed for another reason is delivered again after 5 s, then less and less often. */
const LONGEST_NAK_MS = 60_000;

/** Starts to take commands; throws `LOG_UNAVAILABLE` when the stream or its consumer is not there. */
export async function takeInbox(options: InboxOptions): Promise<InboxIntake> {
  try {
    const info = await askJetStream<ConsumerInfo>(
      options.connection,
      `CONSUMER.INFO.${STREAM}.${CONSUMER}`,
      undefined,
    );
    return new Intake(options, info.config);
  } catch (error) {
    throw toLogError(error, STREAM);
  }
}

/** `ack_wait` is in nanoseconds. */
type ConsumerLimits = { readonly max_deliver?: number; readonly ack_wait?: number };
type ConsumerInfo = { readonly config: ConsumerLimits };
type Outcome = 'done' | 'held_back' | WritError;

class Intake implements InboxIntake {
  readonly #options: InboxOptions;
  readonly #maxDeliver: number;
  readonly #letters: DeadLetters;
  readonly #inHand = new Map<number, Held>();
  readonly #working: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  #subscription: PullSubscription | undefined;
  #holding = 0;
  #wasHealthy = false;
  #empty = Promise.withResolvers<void>();

  constructor(options: InboxOptions, limits: ConsumerLimits) {
    this.#options = options;
    this.#maxDeliver = limits.max_deliver ?? -1;
    this.#letters = openDeadLetters(options);
    // So often that one that comes late does not cost a delivery.
    const ackWaitMs = (limits.ack_wait ?? 30e9) / 1e6;
    this.#working = setInterval(() => this.#keep(), Math.min(MAX_WORKING_MS, ackWaitMs / 4));
    this.#subscribe();
    void this.#begin();
  }

  get paused(): boolean {
    return !this.#wasHealthy || this.#holding > 0;
  }

  get inFlight(): number {
    return this.#inHand.size;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#subscription?.close();
    if (this.#inHand.size > 0) await this.#empty.promise;
    clearInterval(this.#working);
    // With the bus gone, what was not acknowledged is delivered again.
    await handOver(this.#options.connection);
  }

  async #begin(): Promise<void> {
    const { healthy = () => Promise.resolve(), onTrouble } = this.#options;
    for (let tries = 0; !this.#stopping.signal.aborted; tries++) {
      const outcome = await this.#unlessOutage(healthy);
      if (outcome === 'done') {
        this.#wasHealthy = true;
        return this.#pull();
      }
      if (outcome === 'held_back') return;
      onTrouble?.(outcome);
      await this.#pause(tries);
    }
  }

  #subscribe(): void {
    const { connection, onTrouble } = this.#options;
    this.#subscription = new PullSubscription({
      connection,
      stream: STREAM,
      consumer: CONSUMER,
      onMessage: (message) => this.#take(message),
      onIdle: () => this.#pull(),
      onBroken: (reason) => {
        onTrouble?.(
          new WritError('BUS_UNAVAILABLE', `the intake of \`${STREAM}\` starts again: ${reason}`),
        );
        this.#subscription = undefined;
        void wait(200 + Math.random() * 300).then(
          () => this.#stopping.signal.aborted || this.#subscribe(),
        );
      },
    });
    this.#pull();
  }

  #pull(): void {
    if (this.paused || this.#stopping.signal.aborted) return;
    const asked = this.#subscription?.asked ?? 0;
    const room = this.#options.maxInFlight - this.#inHand.size - asked;
    if (asked === 0 || room >= this.#options.maxInFlight / 4) this.#subscription?.pull(room);
  }

  #take(message: Msg): void {
    const delivery = parseDelivery(message.reply ?? '');
    if (delivery === undefined) return;
    const known = this.#inHand.get(delivery.streamSeq);
    if (known !== undefined) {
      // Delivered again while it is worked on: from now on this delivery is the one to acknowledge.
      known.message = message;
      known.delivery = delivery;
      return;
    }
    const held: Held = { message, delivery };
    this.#inHand.set(delivery.streamSeq, held);
    void this.#work(held).finally(() => {
      this.#inHand.delete(delivery.streamSeq);
      if (this.#inHand.size === 0) {
        this.#empty.resolve();
        this.#empty = Promise.withResolvers<void>();
      }
      this.#pull();
    });
  }

  async #work(held: Held): Promise<void> {
    if (isBareAcknowledgement(held.message)) return this.#answer(held, `+TERM ${NOT_A_COMMAND}`);
    const outcome = await this.#attempt(held);
    if (outcome === 'done') this.#answer(held, '+ACK');
    else if (outcome === 'held_back') this.#answer(held, '-NAK');
    else await this.#bury(held, outcome);
  }

  async #attempt(held: Held): Promise<Outcome> {
    const command = toCommand(held);
    if (command === undefined)
      return new WritError(
        'VERB_UNKNOWN',
        `\`${held.message.subject}\` names no command; write \`writ.<tenant>.inbox.<key>.<context>.<verb>\``,
      );
    if (this.#maxDeliver > 0 && command.deliveries >= this.#maxDeliver)
      return new WritError(
        'INTERNAL',
        `the command was delivered ${command.deliveries} times and never came to an end`,
      );
    for (let tries = 1; ; tries++) {
      const error = await this.#unlessOutage(() => this.#options.handler(command));
      if (error === 'done' || error === 'held_back') return error;
      if (errorCatalogue[error.code].delivery === 'terminal' || tries >= TRIES) return error;
      await wait(50 * 2 ** tries * (0.5 + Math.random()));
    }
  }

  /** Does the work, and does it again as long as trouble of ours stands in its way. */
  async #unlessOutage(work: () => Promise<void>): Promise<Outcome> {
    let holding = false;
    try {
      for (let tries = 0; ; tries++) {
        try {
          await work();
          return 'done';
        } catch (thrown) {
          const error = toWritError(thrown);
          if (!isOutage(error.code)) return error;
          this.#options.onTrouble?.(error);
        }
        if (!holding) this.#holding++;
        holding = true;
        if (this.#stopping.signal.aborted) return 'held_back';
        await this.#pause(tries);
      }
    } finally {
      if (holding) this.#holding--;
    }
  }

  /** Ends at once when the intake is stopped. */
  async #pause(tries: number): Promise<void> {
    const ms = Math.min(MAX_HOLD_MS, 100 * 2 ** tries);
    await wait(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #bury(held: Held, error: WritError): Promise<void> {
    const letter = toLetter(held, error);
    const outcome = await this.#unlessOutage(() => this.#letters.write(letter));
    if (outcome === 'done') return this.#answer(held, `+TERM ${BURIED} ${letter.id}`);
    if (outcome === 'held_back') return this.#answer(held, '-NAK');
    this.#options.onTrouble?.(outcome);
    const delayMs = Math.min(LONGEST_NAK_MS, 5000 * 2 ** (held.delivery.deliveries - 1));
    this.#answer(held, `-NAK {"delay": ${delayMs}000000}`);
  }

  #keep(): void {
    for (const held of this.#inHand.values()) this.#answer(held, '+WPI');
  }

  #answer(held: Held, text: string): void {
    const { connection } = this.#options;
    if (!connection.isClosed()) connection.publish(held.message.reply ?? '', text);
  }
}
