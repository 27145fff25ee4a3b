/**
 * Loads, decides and appends for aggregates that are folded whole (agents, grants, policies, keys).
 *
 * 1. An aggregate is folded once and then kept with its last sequence; every append is guarded by
 *    that sequence, so a stale copy can be used but never be believed.
 * 2. Within one commander the orders of an aggregate wait for each other.
 * 3. A retry is known by the id its idempotency key derives, found among the events of the aggregate.
 * 4. An answer that stores nothing is given only after the leader confirmed the last sequence.
 * 5. Nothing that is kept outlives the connection: a broker that lost the end of the log goes on under the same sequences.
 */
import { type ErrorCode, type EventName, typeOf, type WritEvent, WritError } from '@writ/contracts';
import { type Decider, laterOf, type Refusal } from '@writ/domain';
import type { AggregateWrite, Appended, EventStore, NewEvent, StoredEvent } from '@writ/bus';
import { LRUCache } from 'lru-cache';
import { untilWon } from './contention.ts';
import { createKeyedLock } from './keyed-lock.ts';
import { eventIdOf, type Order, type Outcome, toNewEvent } from './order.ts';
import { type Remembered, repeat, wasMet } from './retries.ts';

const KEPT = 20_000;

/** One aggregate that an order changes, and how. */
export type Part<State = unknown> = {
  readonly subject: string;
  /** The `ce-subject`, e.g. `agent/langgraph-v2:x`. */
  readonly aggregate: string;
  // Methods, so that parts of different states can stand in one list: each meets only its own state.
  initial(): State;
  evolve(state: State, event: StoredEvent): State;
  /** `timeMs` is the time the events will have. */
  decide(state: State, timeMs: number): readonly WritEvent[];
};

export type Execution<State> = {
  readonly parts: readonly [Part<State>, ...Part[]];
  /** From the events stored (now, or when the order was first given) and the first part's state after them. */
  readonly result: (
    events: readonly WritEvent[],
    state: State,
  ) => Readonly<Record<string, unknown>>;
  /** The result of an order that the state refuses; where there is none, the refusal is thrown. */
  readonly refused?: (code: ErrorCode) => Readonly<Record<string, unknown>> | undefined;
};

/** An aggregate that is only looked at. */
export type View<State = unknown> = Pick<Part<State>, 'subject' | 'initial' | 'evolve'>;

/** The state that a decider folds from the events of a subject, which are all its own: nobody else can write to it. */
export function viewOf<State, N extends EventName>(
  subject: string,
  decider: Pick<Decider<State, never, N>, 'initial' | 'evolve'>,
): View<State> {
  return {
    subject,
    initial: () => decider.initial(),
    evolve: (state, event) => decider.evolve(state, event as StoredEvent & WritEvent<N>),
  };
}

/** A part over a decider whose events are all that its subject holds. */
export function partOf<State, Command, N extends EventName>(
  { subject, aggregate }: { readonly subject: string; readonly aggregate: string },
  decider: Decider<State, Command, N>,
  command: (timeMs: number) => Command,
): Part<State> {
  return {
    ...viewOf(subject, decider),
    aggregate,
    // The names are a subset of all, which the compiler can not follow through a mapped type.
    decide: (state, timeMs) => decider.decide(state, command(timeMs)) as readonly WritEvent[],
  };
}

type Kept = {
  state: unknown;
  lastSeq: number;
  timeMs: number;
  version: number;
  /** When it was last brought up to what the leader has, by a clock that never jumps. */
  freshAt: number;
  readonly remembered: Remembered;
};

export type Aggregates = {
  /** Runs an order to its outcome; throws coded errors, `VERSION_CONFLICT` after several lost races. */
  execute<State>(order: Order, execution: Execution<State>): Promise<Outcome>;
  /** Whether the log has the order already; throws `IDEMPOTENCY_KEY_REUSED` where that had another body. */
  met(order: Order, parts: Execution<unknown>['parts']): Promise<boolean>;
  /** The state as the leader has it now. */
  read<State>(part: View<State>): Promise<State>;
};

export function createAggregates(store: EventStore, clock: { nowMs(): number }): Aggregates {
  const kept = new LRUCache<string, Kept>({ max: KEPT });
  const lock = createKeyedLock();
  store.onLost(() => kept.clear());

  async function load(part: View, refresh: boolean): Promise<Kept> {
    const known = kept.get(part.subject);
    if (known && !refresh) return known;
    const entry = known ?? {
      state: part.initial(),
      lastSeq: 0,
      timeMs: 0,
      version: 0,
      freshAt: 0,
      remembered: new Map(),
    };
    const freshAt = performance.now();
    const { events, lastSeq } = await store.load(part.subject, entry.lastSeq);
    for (const event of events) foldInto(entry, part, event);
    entry.lastSeq = Math.max(entry.lastSeq, lastSeq);
    entry.freshAt = freshAt;
    kept.set(part.subject, entry);
    return entry;
  }

  async function loadAll(parts: readonly Part[], refresh: boolean): Promise<Kept[]> {
    const entries: Kept[] = [];
    for (const part of parts) entries.push(await load(part, refresh));
    return entries;
  }

  async function attempt<State>(
    order: Order,
    execution: Execution<State>,
    { refresh, arrivedAt }: { readonly refresh: boolean; readonly arrivedAt: number },
  ): Promise<Outcome | undefined> {
    const entries = await loadAll(execution.parts, refresh);
    if (wasMet(order, execution.parts, entries)) {
      // Its other events are on other subjects, of which a copy may be from before them.
      if (!refresh && execution.parts.length > 1) return undefined;
      return repeat(order, execution, entries);
    }
    const timeMs = entries.reduce((latest, entry) => laterOf(latest, entry.timeMs), clock.nowMs());
    let writes: AggregateWrite[];
    try {
      writes = plan(order, execution.parts, entries, timeMs);
    } catch (error) {
      // A refusal may rest on a stale copy; it is final only on one that was read since the order came.
      if (!isRefusal(error)) throw error;
      if (entries.some(({ freshAt }) => freshAt < arrivedAt)) return undefined;
      const result = execution.refused?.(error.code);
      if (!result) throw error;
      return { events: [], seq: lastSeqOf(entries), result };
    }
    if (writes.length === 0) return confirmUnchanged(execution, entries);
    try {
      const appended = await store.append(writes);
      adopt(execution.parts, entries, writes, appended);
      const events = writes.flatMap((write) => write.events);
      return {
        events: appended.events,
        seq: appended.lastSeq,
        result: execution.result(events, entries[0]?.state as State),
      };
    } catch (error) {
      if (error instanceof WritError && error.code === 'VERSION_CONFLICT') return undefined;
      // The outcome may be unknown: what is kept is no longer believed.
      for (const part of execution.parts) kept.delete(part.subject);
      throw error;
    }
  }

  /** `undefined` when the copy was stale, so that the order is decided again. */
  async function confirmUnchanged<State>(
    execution: Execution<State>,
    entries: readonly Kept[],
  ): Promise<Outcome | undefined> {
    for (const [i, part] of execution.parts.entries())
      if ((await store.lastSequence(part.subject)) !== entries[i]?.lastSeq) return undefined;
    const result = execution.result([], entries[0]?.state as State);
    return { events: [], seq: lastSeqOf(entries), result };
  }

  return {
    execute<State>(order: Order, execution: Execution<State>): Promise<Outcome> {
      const names = execution.parts.map((part) => part.subject);
      const arrivedAt = performance.now();
      return lock.run(names, () =>
        untilWon(`\`${execution.parts[0].aggregate}\``, (tries) =>
          attempt(order, execution, { refresh: tries > 0, arrivedAt }),
        ),
      );
    },
    met(order, parts) {
      const names = parts.map((part) => part.subject);
      return lock.run(names, async () => wasMet(order, parts, await loadAll(parts, true)));
    },
    async read<State>(part: View<State>): Promise<State> {
      const entry = await lock.run([part.subject], () => load(part as View, true));
      return entry.state as State;
    },
  };
}

function lastSeqOf(entries: readonly Kept[]): number {
  return Math.max(...entries.map((entry) => entry.lastSeq));
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && error.name === 'Refusal';
}

function foldInto(entry: Kept, part: Pick<View, 'evolve'>, event: StoredEvent): void {
  entry.state = part.evolve(entry.state, event);
  entry.lastSeq = event.seq;
  entry.timeMs = laterOf(entry.timeMs, event.timeMs);
  entry.version = event.version;
  if (event.idempotencyKey !== null)
    entry.remembered.set(event.id, {
      event,
      seq: event.seq,
      ceType: typeOf(event.type),
      fingerprint: event.fingerprint,
    });
}

function plan(
  order: Order,
  parts: Execution<unknown>['parts'],
  entries: readonly Kept[],
  timeMs: number,
): AggregateWrite[] {
  let index = 0;
  const writes: AggregateWrite[] = [];
  for (const [i, part] of parts.entries()) {
    const entry = entries[i];
    if (!entry) continue;
    const decided = part.decide(entry.state, timeMs);
    if (decided.length === 0) continue;
    const events = decided.map((event, k): NewEvent => {
      const id = eventIdOf(order, parts[0].aggregate, index++);
      return toNewEvent(order, event, {
        id,
        timeMs,
        version: entry.version + k + 1,
        aggregate: part.aggregate,
      });
    });
    writes.push({ subject: part.subject, expectedLastSeq: entry.lastSeq, events });
  }
  return writes;
}

/** Folds what was just stored into the copies that are kept. */
function adopt(
  parts: readonly Part[],
  entries: readonly Kept[],
  writes: readonly AggregateWrite[],
  appended: Appended,
): void {
  const stored = new Map(appended.events.map((event) => [event.id, event]));
  for (const write of writes) {
    const i = parts.findIndex((part) => part.subject === write.subject);
    const [part, entry] = [parts[i], entries[i]];
    if (!part || !entry) continue;
    for (const event of write.events) {
      const at = stored.get(event.id);
      if (at) foldInto(entry, part, asStored(event, write.subject, at.seq));
    }
  }
}

function asStored(event: NewEvent, subject: string, seq: number): StoredEvent {
  return {
    ...event,
    subject,
    seq,
    correlationId: event.correlationId ?? null,
    causationId: event.causationId ?? null,
    idempotencyKey: event.idempotencyKey ?? null,
    fingerprint: event.fingerprint ?? null,
  };
}
