/**
 * What the governor decides on: the world folded from EVENTS, how fresh it is, and what changed.
 *
 * 1. Events are folded in order, each once; an event that can not be folded ends this for good.
 * 2. `now` is the later of the own clock and the newest time folded: time never runs backwards.
 * 3. Silence is measured by a clock that nobody sets: one that is set back would hide it.
 */
import type { EventStore, Follower, StoredEvent } from '@writ/bus';
import { toWritError, type WritError } from '@writ/contracts';
import { emptyWorld, foldEvent, type World } from '@writ/domain';
import { type CedarEngine, type CompiledPolicies } from '@writ/policy';
import { ApprovalWaiters } from '../approvals/approval-waiters.ts';
import { Changes } from './changes.ts';
import { Freshness } from './freshness.ts';
import { PolicyShelf } from './policy-shelf.ts';
import { Waiters } from './waiters.ts';

export type GovernedStateOptions = {
  readonly store: Pick<EventStore, 'follow'>;
  /** What was folded before, and from where the log is followed; nothing when left out. */
  readonly world?: World;
  readonly engine: CedarEngine;
  readonly clock: () => number;
  /** Milliseconds of a clock that never jumps; that of the process when left out. */
  readonly ticks?: () => number;
  /** True when the leader of the log may be out of reach, whatever else is heard; never when left out. */
  readonly cutOff?: () => boolean;
  readonly onTrouble: (error: WritError) => void;
  /** A grant was given whose allows are counted over a window. */
  readonly onWindow?: (timeMs: number) => void;
  /** The log can not be followed any further. */
  readonly onEnd: (error: unknown) => void;
};

export class GovernedState {
  readonly world: World;
  readonly changes: Changes;
  readonly waiters = new Waiters();
  readonly approvals = new ApprovalWaiters();
  readonly #freshness = new Freshness();
  readonly #policies: PolicyShelf;
  readonly #onWindow: ((timeMs: number) => void) | undefined;
  readonly #clock: () => number;
  readonly #ticks: () => number;
  readonly #cutOff: () => boolean;
  readonly #follower: Follower;
  readonly #caughtUp = Promise.withResolvers<void>();
  /** Why the log can not be followed any more. */
  #ended: string | undefined;

  constructor(options: GovernedStateOptions) {
    const { store, world = emptyWorld(), engine, clock, ticks, onTrouble, onEnd } = options;
    this.world = world;
    this.changes = new Changes(world);
    this.#onWindow = options.onWindow;
    this.#clock = clock;
    this.#ticks = ticks ?? (() => performance.now());
    this.#cutOff = options.cutOff ?? (() => false);
    this.#policies = new PolicyShelf(engine, this.world);
    this.#caughtUp.promise.catch(() => undefined);
    this.#follower = store.follow({
      fromSeq: world.seq + 1,
      onEvents: (batch, { pending }) => this.#fold(batch, pending),
      onIdle: () => this.#heard(0),
      onTrouble,
    });
    this.#follower.done.catch((error: unknown) => {
      this.#ended = toWritError(error).message;
      this.#caughtUp.reject(error);
      onEnd(error);
    });
  }

  /** Resolves when the log was read to its end once; rejects when it can not be. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  /** Milliseconds; the own clock, and never before the newest event. */
  now(): number {
    return Math.max(this.#clock(), this.world.timeMs);
  }

  /** Why nothing may be decided on this state; `undefined` when it is fresh. */
  doubt(): string | undefined {
    if (this.#ended !== undefined) return `the governor can not read the log: ${this.#ended}`;
    if (this.#cutOff()) return 'the leader of the log does not answer the governor any more';
    return this.#freshness.doubt(this.#ticks());
  }

  policiesOf(tenantId: string): CompiledPolicies {
    return this.#policies.policiesOf(tenantId);
  }

  async stop(): Promise<void> {
    this.waiters.close();
    this.approvals.close();
    await this.#follower.stop();
  }

  #fold(batch: readonly StoredEvent[], pending: number): void {
    for (const event of batch) {
      foldEvent(this.world, event);
      this.changes.note(event);
      if (event.type === 'GrantIssued' && event.data.conditions.window)
        this.#onWindow?.(event.timeMs);
      this.approvals.note(event);
    }
    this.#heard(pending);
  }

  #heard(pending: number): void {
    this.#freshness.heard(this.#ticks(), { seq: this.world.seq, pending });
    if (pending > 0) return this.waiters.reached(this.world.seq);
    this.#policies.warm();
    this.waiters.reached(this.world.seq);
    this.#caughtUp.resolve();
  }
}
