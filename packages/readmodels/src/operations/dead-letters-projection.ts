/** Turns dead letters into rows. */
import type { ErrorDetail } from '@writ/contracts';
import type { Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { deadLettersTable } from './dead-letters.ts';

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

/** One message of OPS that is a dead letter. */
export type StoredDeadLetter = { readonly seq: number; readonly letter: RecordedDeadLetter };

export const deadLettersProjection: Projection<StoredDeadLetter> = {
  name: 'dead_letters',
  version: 1,
  source: 'OPS',
  kinds: ['ops.dead-letter'],
  tables: [deadLettersTable.name],
  open() {
    const rows = rowSet(deadLettersTable);
    return {
      sets: [rows],
      need() {},
      apply({ seq, letter }) {
        const { id, tenant, stream, subject, headers, body, code, reason, details, attempts } =
          letter;
        rows.put({
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
          seq,
        });
      },
    };
  },
};
