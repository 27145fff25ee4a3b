/** Turns feedback into rows; the first of an id stands. */
import { factKey, givenUnder, givingOf } from '../execution/fact-key.ts';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type FeedbackRow, feedbackTable } from './feedback.ts';

export const feedbackProjection: Projection<ProjectedEvent> = {
  name: 'feedback',
  version: 2,
  source: 'EVENTS',
  kinds: ['execution.facts'],
  tables: [feedbackTable.name],
  open() {
    const rows = rowSet(feedbackTable);
    return {
      sets: [rows],
      need() {},
      apply(event) {
        if (event.type === 'FeedbackGiven') rows.put(feedbackRow(event));
      },
    };
  },
};

function feedbackRow(event: Extract<ProjectedEvent, { type: 'FeedbackGiven' }>): FeedbackRow {
  const { data } = event;
  return {
    fact_key: factKey(event.tenant, data.agentId, data.feedbackId),
    tenant: event.tenant,
    agent_id: data.agentId,
    feedback_id: data.feedbackId,
    execution_id: data.executionId,
    rating: data.rating,
    source: data.source,
    rater: data.rater,
    severity: data.severity,
    comment: data.comment,
    given_by: event.actor.id,
    given_at: momentAt(event.timeMs),
    event_id: event.id,
    fingerprint: event.fingerprint,
    given_under: givenUnder(givingOf(data.agentId, event)),
    seq: event.seq,
  };
}
