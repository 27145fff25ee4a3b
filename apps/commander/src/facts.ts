/**
 * Appends facts (executions and feedback), whose subjects are too long to fold whole.
 *
 * 1. Every append is guarded by the exact last sequence of the agent's fact subject.
 * 2. A fact is new when the read model does not know it up to position P (ids and P are read in one
 *    statement) and it is not on the subject in (P, last]: what is kept here covers that tail.
 * 3. Of a short subject everything is kept, so P is 0 and the read model is not asked.
 * 4. After a lost race the tail is read again, so a fact that somebody else stored meanwhile is met.
 * 5. A projection that lags only lengthens the tail.
 * 6. A refusal may rest on a tail that is behind; it is final only when nothing came to the subject since.
 * 7. The read model is asked before the turn comes, so that all that wait for theirs share a statement: what it knows up
 *    to P stays true. Turns are in the order of asking, so the P of a kind never falls; where another kind's is lower
 *    than what was forgotten, the tail is read again from there.
 * 8. A retry of what still waits joins it: a line that is longer than its clients' patience grows no longer by their retries.
 * 9. No tail outlives the connection: a broker that lost the end of the log goes on under the same sequences.
 */
import { typeOf, type WritEvent, WritError } from '@writ/contracts';
import { laterOf } from '@writ/domain';
import type { EventStore } from '@writ/bus';
import type { FactKind, FactQuery, KnownFact } from '@writ/readmodels';
import { LRUCache } from 'lru-cache';
import { reused } from './retries.ts';
import { untilWon } from './contention.ts';
import { emptyTail, forgetUpTo, keysOf, remember, type Tail } from './fact-tail.ts';
import { createKeyedLock } from './keyed-lock.ts';
import { type Order, type Outcome, toNewEvent } from './order.ts';

/** Facts remembered over all subjects, and of one subject before the read model is asked instead. */
const REMEMBERED = 500_000;
const SHORT = 256;

/** What the read models know, and up to which sequence they know everything of its kind. */
export type KnownFacts = (
  query: FactQuery,
) => Promise<{ readonly fact: KnownFact | undefined; readonly position: number }>;

export type FactRequest = {
  readonly kind: FactKind;
  readonly agentId: string;
  readonly id: string;
  /** The id of the fact's event: derived from the fact, so that it is the same for every retry. */
  readonly eventId: string;
  readonly subject: string;
  /** The `ce-subject`; the agent's facts when left out. */
  readonly aggregate?: string;
  /** Throws a coded refusal when the fact makes no sense now. */
  readonly decide: () => Promise<readonly WritEvent[]>;
  readonly result: (id: string) => Readonly<Record<string, unknown>>;
};

/** What is looked for, and the read model's answer where it was asked ahead. */
type Search = { readonly query: FactQuery; readonly asked?: ReturnType<KnownFacts> };

export type Facts = { record(order: Order, request: FactRequest): Promise<Outcome> };

export function createFacts(
  store: EventStore,
  known: KnownFacts,
  clock: { nowMs(): number },
): Facts {
  const tails = new LRUCache<string, Tail>({
    maxSize: REMEMBERED,
    sizeCalculation: (tail) => 1 + tail.recent.size,
  });
  const lock = createKeyedLock();
  const waiting = new Map<string, Promise<Outcome>>();
  store.onLost(() => tails.clear());

  /** The tail to look in, and what the read model knows where that tail does not reach back to the start. */
  async function lookUp(
    { query, asked }: Search,
    subject: string,
  ): Promise<{ tail: Tail; fact: KnownFact | undefined }> {
    const tail = tails.get(subject) ?? (await readShort(subject));
    if (tail && isShort(tail)) return { tail, fact: undefined };
    const { fact, position } = await (asked ?? known(query));
    return { tail: await coverFrom(subject, position), fact };
  }

  /** Invariant 7. */
  function searchFor(order: Order, request: FactRequest): Search {
    const query: FactQuery = {
      tenant: order.caller.tenant,
      agentId: request.agentId,
      kind: request.kind,
      id: request.id,
      keyId: order.caller.keyId,
      idempotencyKey: order.idempotencyKey,
    };
    const tail = tails.get(request.subject);
    if (tail === undefined || isShort(tail)) return { query };
    const asked = known(query);
    asked.catch(() => undefined);
    return { query, asked };
  }

  /** All of a subject, where it is short. */
  async function readShort(subject: string): Promise<Tail | undefined> {
    const events = await store.read({ fromSeq: 1, limit: SHORT + 1, filter: subject });
    if (events.length > SHORT) return undefined;
    const tail = emptyTail(0);
    for (const event of events) remember(tail, event);
    await readInto(tail, subject, tail.lastSeq);
    tails.set(subject, tail);
    return tail;
  }

  /** The tail of the subject from `position` on; the whole subject is never read when the read model is near. */
  async function coverFrom(subject: string, position: number): Promise<Tail> {
    const tail = tails.get(subject);
    if (tail && tail.coveredFrom <= position) {
      forgetUpTo(tail, position);
      return tail;
    }
    const fresh = emptyTail(position);
    await readInto(fresh, subject, position);
    tails.set(subject, fresh);
    return fresh;
  }

  async function readInto(tail: Tail, subject: string, afterSeq: number): Promise<void> {
    const { events, lastSeq } = await store.load(subject, afterSeq);
    for (const event of events) remember(tail, event);
    if (events.length === 0 && lastSeq > 0) await readLast(tail, subject, lastSeq);
    tail.lastSeq = Math.max(tail.lastSeq, lastSeq);
  }

  /** Where the tail is empty, time and version still come from the last event of the subject. */
  async function readLast(tail: Tail, subject: string, lastSeq: number): Promise<void> {
    const { events } = await store.load(subject, lastSeq - 1);
    const last = events.at(-1);
    if (!last) return;
    tail.timeMs = laterOf(tail.timeMs, last.timeMs);
    tail.version = Math.max(tail.version, last.version);
  }

  async function attempt(
    order: Order,
    request: FactRequest,
    search: Search,
  ): Promise<Outcome | undefined> {
    const { query } = search;
    const { tail, fact: projected } = await lookUp(search, request.subject);
    const before =
      projected ??
      keysOf(query)
        .map((key) => tail.recent.get(key))
        .find((fact) => fact !== undefined);
    if (before) return repeat(order, request, before);
    const decided = await decideOn(tail, request);
    if (!decided) return undefined;
    const [event] = decided;
    if (!event)
      throw new WritError('INTERNAL', 'a fact that stores nothing can not be acknowledged');
    const timeMs = laterOf(tail.timeMs, clock.nowMs());
    const stored = toNewEvent(order, event, {
      id: request.eventId,
      timeMs,
      version: tail.version + 1,
      aggregate: request.aggregate ?? `facts/${request.agentId}`,
    });
    try {
      const appended = await store.append([
        { subject: request.subject, expectedLastSeq: tail.lastSeq, events: [stored] },
      ]);
      tail.lastSeq = appended.lastSeq;
      tail.timeMs = timeMs;
      tail.version++;
      const fact = {
        eventId: request.eventId,
        seq: appended.lastSeq,
        fingerprint: order.fingerprint,
        id: request.id,
      };
      for (const key of keysOf(query)) tail.recent.set(key, fact);
      if (tail.recent.size % 64 < 2) tails.set(request.subject, tail);
      return { events: appended.events, seq: appended.lastSeq, result: request.result(request.id) };
    } catch (error) {
      if (!(error instanceof WritError) || error.code !== 'VERSION_CONFLICT') {
        tails.delete(request.subject);
        throw error;
      }
      await readInto(tail, request.subject, tail.lastSeq);
      return undefined;
    }
  }

  /** `undefined` when the tail was behind: what came meanwhile may be this very fact. */
  async function decideOn(
    tail: Tail,
    { subject, decide }: FactRequest,
  ): Promise<readonly WritEvent[] | undefined> {
    try {
      return await decide();
    } catch (error) {
      const before = tail.lastSeq;
      await readInto(tail, subject, before);
      if (tail.lastSeq === before) throw error;
      return undefined;
    }
  }

  function recordInTurn(order: Order, request: FactRequest): Promise<Outcome> {
    const search = searchFor(order, request);
    return lock.run([request.subject], () =>
      untilWon(`the facts of agent \`${request.agentId}\``, () => attempt(order, request, search)),
    );
  }

  return {
    record(order, request) {
      const same = `${request.eventId} ${order.caller.keyId} ${order.idempotencyKey ?? ''} ${order.fingerprint}`;
      const before = waiting.get(same);
      if (before !== undefined) return before;
      const outcome = recordInTurn(order, request).finally(() => waiting.delete(same));
      waiting.set(same, outcome);
      return outcome;
    },
  };
}

function isShort(tail: Tail): boolean {
  return tail.coveredFrom === 0 && tail.recent.size < 2 * SHORT;
}

function repeat(order: Order, request: FactRequest, before: KnownFact): Outcome {
  if (before.fingerprint !== order.fingerprint) {
    const byItsId = before.id === request.id;
    throw byItsId
      ? reused(idFieldOf[request.kind], request.id)
      : reused('idempotencyKey', order.idempotencyKey ?? '');
  }
  const type = typeOf(eventNameOfKind[request.kind]);
  return {
    events: [{ id: before.eventId, type, seq: before.seq }],
    seq: before.seq,
    result: request.result(before.id),
  };
}

const idFieldOf = {
  started: 'executionId',
  reported: 'executionId',
  validated: 'validationId',
  feedback: 'feedbackId',
} as const;
const eventNameOfKind = {
  started: 'ExecutionStarted',
  reported: 'ExecutionReported',
  validated: 'ResultValidated',
  feedback: 'FeedbackGiven',
} as const;
