/**
 * How often grants with a window were allowed, by all governors together.
 *
 * 1. An allow of this governor counts at once; one of another governor, or of a boot before, when its record is read.
 * 2. The decision log is read only where a grant has or had a window, from as far back as the longest reaches.
 * 3. Until it was read to its end nothing is known, and no such grant holds; nor while the log is silent, or its
 *    records wait, for too long: others may go on allowing.
 */
import type { BatchPosition, DecisionLog, Follower, LogMessage } from '@writ/bus';
import { toWritError, type WritError } from '@writ/contracts';
import { count, type Meter, meterOver, type Windows } from '@writ/domain';
import { Freshness } from '../state/freshness.ts';
import { type CountedAllow, countedAllowsIn } from './counted-allows.ts';

export type WindowCountsOptions = {
  readonly log: Pick<DecisionLog, 'firstSince' | 'follow'>;
  /** Whose records count already when they are made. */
  readonly governor: string;
  readonly boot: string;
  /** Milliseconds of a clock that is never set. */
  readonly ticks: () => number;
  readonly onTrouble: (error: WritError) => void;
};

/** Clocks of the broker and of the roles differ by less; the same allow is never counted twice all the same. */
const MARGIN_MS = 2000;
const RETRY_MS = 1000;

export class WindowCounts {
  readonly #options: WindowCountsOptions;
  /** By tenant and grant. */
  readonly #meters = new Map<string, Meter>();
  #following: Promise<void> | undefined;
  #follower: Follower | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #known = Promise.withResolvers<void>();
  #stopped = false;
  #position = 0;
  /** Up to where the log was read; `undefined` before it was read to its end once. */
  #readTo: number | undefined;
  readonly #freshness = new Freshness();

  constructor(options: WindowCountsOptions) {
    this.#options = options;
  }

  /** Resolves when everything is known that is read; at once where nothing is. */
  get ready(): Promise<void> {
    return this.#following === undefined ? Promise.resolve() : this.#known.promise;
  }

  /** The counts of one tenant. */
  of(tenant: string): Windows {
    return {
      decisionsSeq: this.#isStale() ? undefined : this.#readTo,
      meterOf: (grantId) => this.#meters.get(`${tenant}/${grantId}`),
    };
  }

  #isStale(): boolean {
    return this.#readTo !== undefined && this.#freshness.doubt(this.#options.ticks()) !== undefined;
  }

  /** Begins to read what was allowed from a time on, unless it is read already. */
  readFrom(timeMs: number): void {
    this.#following ??= this.#follow(timeMs - MARGIN_MS);
  }

  /** Counts an allow of this governor; -1 takes one back that was not given after all. */
  count(
    { tenant, nowMs, windows }: Pick<CountedAllow, 'tenant' | 'nowMs' | 'windows'>,
    amount: 1 | -1 = 1,
  ): void {
    for (const { grantId, seconds } of windows) {
      const name = `${tenant}/${grantId}`;
      const meter = this.#meters.get(name) ?? meterOver(seconds);
      this.#meters.set(name, meter);
      count(meter, nowMs, amount);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#follower?.stop();
  }

  async #follow(timeMs: number): Promise<void> {
    const { log, onTrouble } = this.#options;
    try {
      const fromSeq = Math.max(this.#position + 1, await log.firstSince(timeMs));
      if (this.#stopped) return;
      this.#follower = log.follow({
        fromSeq,
        onMessages: (messages, at) => this.#read(messages, at),
        onIdle: (seq) => {
          this.#freshness.heard(this.#options.ticks(), { seq, pending: 0 });
          this.#readTo = Math.max(seq, this.#readTo ?? 0);
          this.#known.resolve();
        },
        onTrouble,
      });
      this.#follower.done.catch((error: unknown) => this.#lost(error, timeMs));
    } catch (error) {
      this.#lost(error, timeMs);
    }
  }

  #read(messages: readonly LogMessage[], { lastSeq, pending }: BatchPosition): void {
    const { governor, boot, ticks } = this.#options;
    for (const { seq, data } of messages) {
      for (const allow of countedAllowsIn(data))
        if (allow.governor !== governor || allow.boot !== boot) this.count(allow);
      this.#position = seq;
      if (this.#readTo !== undefined) this.#readTo = seq;
    }
    this.#freshness.heard(ticks(), { seq: lastSeq, pending });
  }

  /** Goes on where it was; what others allow meanwhile is not known. */
  #lost(error: unknown, timeMs: number): void {
    this.#options.onTrouble(toWritError(error));
    this.#readTo = undefined;
    if (this.#stopped) return;
    this.#retry = setTimeout(() => (this.#following = this.#follow(timeMs)), RETRY_MS);
  }
}
