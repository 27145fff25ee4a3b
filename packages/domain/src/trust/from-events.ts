/** The trust facts that events of the log carry; the only place where the model meets event schemas. */
import type { EventData, RecordedEvent } from '@writ/contracts';
import type { TrustFact } from './facts.ts';

/** The names of the events that trust is folded from. */
export const trustEventNames = [
  'AgentRegistered',
  'AgentVersionRegistered',
  'ExecutionReported',
  'ResultValidated',
  'FeedbackGiven',
  'SuspensionCleared',
] as const;

/** What was folded so far and a fact needs. */
export interface TrustContext {
  /** The owner of an agent; a peer's praise counts for its owner. */
  ownerOf(agentId: string): string | null;
  /** Whether a key is an admin's. A key that nothing is known of is not. */
  isAdminKey(keyId: string): boolean;
}

/** The fact an event carries, or `undefined` where it says nothing about trust. */
export function trustFactOf(event: RecordedEvent, context: TrustContext): TrustFact | undefined {
  switch (event.type) {
    case 'AgentRegistered':
    case 'AgentVersionRegistered':
      return ownerFact(event.data, context);
    case 'ExecutionReported': {
      const { agentId, outcome, severity } = event.data;
      const at = { seq: event.seq, timeMs: event.timeMs };
      return {
        kind: 'executionReported',
        agentId,
        outcome,
        ...(severity === null ? {} : { severity }),
        ...at,
      };
    }
    case 'ResultValidated': {
      const { agentId, severity } = event.data;
      // Only what was rejected says something: an acceptance is what is expected, and would be cheap praise.
      if (severity === null) return undefined;
      return {
        kind: 'feedbackGiven',
        agentId,
        rating: 0,
        source: 'system',
        rater: 'validation',
        raterOwner: 'validation',
        severity,
        seq: event.seq,
        timeMs: event.timeMs,
      };
    }
    case 'FeedbackGiven': {
      const { agentId, rating, source, rater, severity } = event.data;
      const peer = source === 'peer';
      return {
        kind: 'feedbackGiven',
        agentId,
        rating,
        source,
        rater,
        raterOwner: peer ? context.ownerOf(rater) : rater,
        ...(peer ? { raterAgentId: rater } : {}),
        severity,
        givenBy: event.actor.id,
        seq: event.seq,
        timeMs: event.timeMs,
      };
    }
    case 'SuspensionCleared':
      return { kind: 'suspensionCleared', agentId: event.data.agentId, timeMs: event.timeMs };
    default:
      return undefined;
  }
}

/** An admin registers for others and could rate as anybody: its key ties no agents together. */
function ownerFact(
  { agentId, owner, keyId }: EventData<'AgentRegistered'>,
  { isAdminKey }: TrustContext,
): TrustFact {
  const registrar = isAdminKey(keyId) ? {} : { registrar: keyId };
  return { kind: 'ownerKnown', agentId, owner, ...registrar };
}
