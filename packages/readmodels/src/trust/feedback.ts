/** The rows of feedback. */
import type { EventData } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type FeedbackRow = {
  tenant: string;
  agent_id: string;
  feedback_id: string;
  execution_id: string | null;
  rating: number;
  source: EventData<'FeedbackGiven'>['source'];
  rater: string;
  severity: EventData<'FeedbackGiven'>['severity'];
  comment: string | null;
  given_by: string;
  given_at: string;
  event_id: string;
  fingerprint: string | null;
  idempotency_key: string | null;
  seq: number;
};

export const feedbackTable: Table<FeedbackRow> = {
  name: 'feedback',
  key: ['tenant', 'agent_id', 'feedback_id'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    agent_id: 'text',
    feedback_id: 'text',
    execution_id: 'text',
    rating: 'double precision',
    source: 'text',
    rater: 'text',
    severity: 'text',
    comment: 'text',
    given_by: 'text',
    given_at: 'timestamptz',
    event_id: 'text',
    fingerprint: 'text',
    idempotency_key: 'text',
    seq: 'bigint',
  },
};
