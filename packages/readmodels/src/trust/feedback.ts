/** The rows of feedback. */
import type { EventData } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type FeedbackRow = {
  /** As `factKey` makes it. */
  fact_key: string;
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
  given_under: string | null;
  seq: number;
};

export const feedbackTable: Table<FeedbackRow> = {
  name: 'feedback',
  key: ['fact_key'],
  onConflict: 'keep',
  columns: {
    fact_key: 'text',
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
    given_under: 'text',
    seq: 'bigint',
  },
};
