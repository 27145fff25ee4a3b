/** The rows of dead letters: commands that could not be handled, with the reason and the original. */
import type { DeadLetterOutcomeView, ErrorDetail } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type DeadLetterRow = {
  tenant: string;
  id: string;
  stream: string;
  /** Where the original stood. */
  stream_seq: number;
  subject: string;
  key_id: string | null;
  verb: string | null;
  headers: [string, string][];
  /** Base64. */
  body: string;
  code: string;
  reason: string;
  details: ErrorDetail[];
  attempts: number;
  first_at: string;
  last_at: string;
  status: 'waiting' | 'handled' | 'dropped';
  retries: number;
  /** Oldest first. */
  outcomes: DeadLetterOutcomeView[];
  seq: number;
};

export const deadLettersTable: Table<DeadLetterRow> = {
  name: 'dead_letters',
  key: ['tenant', 'id'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    id: 'text',
    stream: 'text',
    stream_seq: 'bigint',
    subject: 'text',
    key_id: 'text',
    verb: 'text',
    headers: 'jsonb',
    body: 'text',
    code: 'text',
    reason: 'text',
    details: 'jsonb',
    attempts: 'integer',
    first_at: 'text',
    last_at: 'text',
    status: 'text',
    retries: 'integer',
    outcomes: 'jsonb',
    seq: 'bigint',
  },
};
