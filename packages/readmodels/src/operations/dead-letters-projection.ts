/** Turns dead letters into rows. */
import type { DeadLetterOutcome, ErrorDetail } from '@writ/contracts';
import type { Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type DeadLetterRow, deadLettersTable } from './dead-letters.ts';

/** A dead letter as it stands in OPS. */
export type RecordedDeadLetter = {
  readonly id: string;
  readonly tenant: string;
  readonly stream: string;
  readonly seq: number;
  readonly subject: string;
  readonly keyId: string | null;
  readonly verb: string | null;
  readonly headers: [string, string][];
  readonly body: string;
  readonly code: string;
  readonly reason: string;
  readonly details: ErrorDetail[];
  readonly attempts: number;
  readonly firstAt: string;
  readonly lastAt: string;
};

/** One message of OPS: a dead letter, or what came of one. */
export type OperationsRecord = { readonly seq: number; readonly tenant: string } & (
  | { readonly letter: RecordedDeadLetter; readonly outcome?: never }
  | { readonly outcome: DeadLetterOutcome; readonly letter?: never }
);

/** Somebody may retry without end; what came of it first says the least. */
const OUTCOMES_KEPT = 100;

export const deadLettersProjection: Projection<OperationsRecord> = {
  name: 'dead_letters',
  version: 1,
  source: 'OPS',
  kinds: ['ops.dead-letter', 'ops.dead-letter-outcome'],
  tables: [deadLettersTable.name],
  open() {
    const rows = rowSet(deadLettersTable);
    return {
      sets: [rows],
      need: (record) => rows.need(record.tenant, letterIdOf(record)),
      apply(record) {
        const known = rows.get(record.tenant, letterIdOf(record));
        if (record.letter !== undefined) rows.put(known ?? rowOf(record.letter, record.seq));
        // A letter may have aged out of OPS before what came of it.
        else if (known) rows.put(withOutcome(known, record.outcome));
      },
    };
  },
};

function letterIdOf(record: OperationsRecord): string {
  return record.letter === undefined ? record.outcome.letterId : record.letter.id;
}

function rowOf(letter: RecordedDeadLetter, seq: number): DeadLetterRow {
  const { tenant, id, stream, subject, headers, body, code, reason, details, attempts } = letter;
  return {
    tenant,
    id,
    stream,
    stream_seq: letter.seq,
    subject,
    key_id: letter.keyId,
    verb: letter.verb,
    headers,
    body,
    code,
    reason,
    details,
    attempts,
    first_at: letter.firstAt,
    last_at: letter.lastAt,
    status: 'waiting',
    retries: 0,
    outcomes: [],
    seq,
  };
}

/** A letter that was handled stays handled, also where somebody dropped it at the same time. */
export function withOutcome(row: DeadLetterRow, result: DeadLetterOutcome): DeadLetterRow {
  const { outcome, by, at, code, reason, seq } = result;
  const moves = outcome !== 'failed' && row.status !== 'handled';
  return {
    ...row,
    status: moves ? outcome : row.status,
    retries: row.retries + (outcome === 'dropped' ? 0 : 1),
    outcomes: [...row.outcomes, { outcome, by, at, code, reason, seq }].slice(-OUTCOMES_KEPT),
  };
}
