/** The trust facts that events of the log carry; the only place where the model meets event schemas. */
import type { RecordedEvent } from '@writ/contracts';
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

/**
 * The fact an event carries, or `undefined` where it says nothing about trust.
 * `ownerOf` gives the owner of an agent as folded so far; a peer's praise counts for its owner.
 */
export function trustFactOf(
  event: RecordedEvent,
  ownerOf: (agentId: string) => string | null,
): TrustFact | undefined {
  switch (event.type) {
    case 'AgentRegistered':
    case 'AgentVersionRegistered':
      return { kind: 'ownerKnown', agentId: event.data.agentId, owner: event.data.owner };
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
        raterOwner: peer ? ownerOf(rater) : rater,
        ...(peer ? { raterAgentId: rater } : {}),
        severity,
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
