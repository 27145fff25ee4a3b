/** The end of an agent's fact subject as a commander remembers it, and how facts are found in it. */
import type { StoredEvent } from '@writ/bus';
import { laterOf } from '@writ/domain';
import type { FactKind, FactQuery, KnownFact } from '@writ/readmodels';

export type Tail = {
  lastSeq: number;
  timeMs: number;
  version: number;
  /** Everything after this sequence that is on the subject is in `recent`. */
  coveredFrom: number;
  readonly recent: Map<string, KnownFact>;
};

export function emptyTail(coveredFrom: number): Tail {
  return { lastSeq: 0, timeMs: 0, version: 0, coveredFrom, recent: new Map() };
}

/** What a fact is remembered by. */
export function keysOf({
  kind,
  id,
  keyId,
  idempotencyKey,
}: Pick<FactQuery, 'kind' | 'id' | 'keyId' | 'idempotencyKey'>): string[] {
  return idempotencyKey === null
    ? [`${kind}/${id}`]
    : [`${kind}/${id}`, `${kind}?${keyId}/${idempotencyKey}`];
}

export function remember(tail: Tail, event: StoredEvent): void {
  tail.lastSeq = Math.max(tail.lastSeq, event.seq);
  tail.timeMs = laterOf(tail.timeMs, event.timeMs);
  tail.version = Math.max(tail.version, event.version);
  const named = factOf(event);
  if (!named) return;
  const fact = { eventId: event.id, seq: event.seq, fingerprint: event.fingerprint, id: named.id };
  const given = { keyId: event.actor.id, idempotencyKey: event.idempotencyKey };
  for (const key of keysOf({ ...named, ...given })) tail.recent.set(key, fact);
}

function factOf(event: StoredEvent): { kind: FactKind; id: string } | undefined {
  switch (event.type) {
    case 'ExecutionStarted':
      return { kind: 'started', id: event.data.executionId };
    case 'ExecutionReported':
      return { kind: 'reported', id: event.data.executionId };
    case 'ResultValidated':
      return { kind: 'validated', id: event.data.validationId };
    case 'FeedbackGiven':
      return { kind: 'feedback', id: event.data.feedbackId };
    default:
      return undefined;
  }
}

/** Forgets what the read model knows. */
export function forgetUpTo(tail: Tail, position: number): void {
  if (position <= tail.coveredFrom) return;
  tail.coveredFrom = position;
  for (const [key, fact] of tail.recent) {
    if (fact.seq > position) break;
    tail.recent.delete(key);
  }
}
