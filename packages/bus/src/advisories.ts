/**
 * Turning advisories of the broker into dead letters.
 *
 * Invariants:
 * 1. A message that the broker delivers no more leaves INBOX only after its dead letter is stored.
 * 2. The letter's id comes from the message, so that a letter that is there already stays as it is.
 * 3. A lost advisory only delays that: what nobody sees to is also found by looking.
 * 4. An advisory is done with when its message is gone; trouble of ours gives it back to the broker, which never tires.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { toWritError, WritError } from '@writ/contracts';
import { type Advisory, failureOf, isSeenTo, readAdvisory } from './advisory.ts';
import { deadLetterOf } from './dead-letter.ts';
import { type DeadLetters, openDeadLetters } from './dead-letters.ts';
import { INBOX } from './inbox.ts';
import { askJetStream, toLogError } from './jetstream-api.ts';
import { PullSubscription } from './pull-subscription.ts';
import { request } from './request-mux.ts';
import { leaderGet } from './stored-messages.ts';
import { StrandedWatch } from './stranded.ts';

export type AdvisoryOptions = {
  readonly connection: NatsConnection;
  readonly ingest: string;
  readonly onTrouble?: (error: WritError) => void;
  /** How often it is looked for what no advisory told of; 30 s when left out. */
  readonly lookEveryMs?: number;
};

export type AdvisoryIntake = { stop(): Promise<void> };

const STREAM = 'OPS';
const CONSUMER = 'dead-letters';
const AT_ONCE = 16;
const RETRY = '-NAK {"delay": 5000000000}';
const TIMEOUT_MS = 5000;
const LOOK_EVERY_MS = 30_000;

/** Starts to take advisories; throws `LOG_UNAVAILABLE` when their consumer is not there. */
export async function takeAdvisories(options: AdvisoryOptions): Promise<AdvisoryIntake> {
  try {
    await askJetStream(options.connection, `CONSUMER.INFO.${STREAM}.${CONSUMER}`, undefined);
  } catch (error) {
    throw toLogError(error, STREAM);
  }
  return new Intake(options);
}

class Intake implements AdvisoryIntake {
  readonly #options: AdvisoryOptions;
  readonly #letters: DeadLetters;
  #subscription: PullSubscription | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #stranded: StrandedWatch;
  readonly #looking: NodeJS.Timeout;

  constructor(options: AdvisoryOptions) {
    this.#options = options;
    this.#letters = openDeadLetters(options);
    this.#stranded = new StrandedWatch(options.connection);
    this.#looking = setInterval(() => {
      this.#work = this.#work.then(() => this.#look());
    }, options.lookEveryMs ?? LOOK_EVERY_MS);
    this.#subscribe();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#looking);
    this.#subscription?.close();
    await this.#work;
  }

  #subscribe(): void {
    this.#subscription = new PullSubscription({
      connection: this.#options.connection,
      stream: STREAM,
      consumer: CONSUMER,
      onMessage: (message) => {
        this.#work = this.#work.then(() => this.#take(message));
      },
      onIdle: () => this.#pull(),
      onBroken: () => {
        this.#subscription = undefined;
        void wait(200 + Math.random() * 300).then(() => this.#stopped || this.#subscribe());
      },
    });
    this.#pull();
  }

  #pull(): void {
    if (!this.#stopped) this.#subscription?.pull(AT_ONCE - this.#subscription.asked);
  }

  async #take(message: Msg): Promise<void> {
    try {
      const advisory = readAdvisory(message.string());
      if (advisory !== undefined && !isSeenTo(advisory)) await this.#bury(advisory);
      this.#answer(message, '+ACK');
    } catch (error) {
      this.#options.onTrouble?.(toWritError(error));
      this.#answer(message, RETRY);
    }
    if (this.#subscription?.asked === 0) this.#pull();
  }

  async #look(): Promise<void> {
    try {
      for (const { seq, deliveries } of await this.#stranded.look())
        await this.#bury({ kind: 'exhausted', seq, deliveries, reason: '', timeMs: Date.now() });
    } catch (error) {
      this.#options.onTrouble?.(toLogError(error, INBOX.stream));
    }
  }

  async #bury(advisory: Advisory): Promise<void> {
    const { connection, onTrouble } = this.#options;
    const found = await this.#original(advisory.seq);
    if (found === undefined) {
      // Exhausted and gone: it came to an end after all. Ended from outside, the broker has removed it with that.
      if (advisory.kind === 'terminated')
        onTrouble?.(
          new WritError(
            'NOT_FOUND',
            `the command at ${advisory.seq} of \`${INBOX.stream}\` was ended from outside and is gone: ${advisory.reason}`,
          ),
        );
      return;
    }
    const failure = {
      error: failureOf(advisory),
      attempts: advisory.deliveries,
      lastMs: advisory.timeMs,
    };
    await this.#letters.write(deadLetterOf({ ...found, stream: INBOX.stream }, failure));
    // The broker delivers it no more and would keep it for ever: an acknowledgement in its consumer's name removes it.
    // Which delivery it names does not matter, but a cluster passes over a consumer sequence of 0.
    const delivery = `${advisory.deliveries}.${advisory.seq}.1.0.0`;
    await request(connection, `$JS.ACK.${INBOX.stream}.${INBOX.consumer}.${delivery}`, '+ACK', {
      timeoutMs: TIMEOUT_MS,
    });
  }

  async #original(seq: number) {
    try {
      return await leaderGet(
        { connection: this.#options.connection, stream: INBOX.stream },
        { seq },
      );
    } catch (error) {
      throw toLogError(error, INBOX.stream);
    }
  }

  #answer(message: Msg, text: string): void {
    const { connection } = this.#options;
    if (!connection.isClosed()) connection.publish(message.reply ?? '', text);
  }
}
