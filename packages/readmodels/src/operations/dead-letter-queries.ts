/** Lists of dead letters, and one with the original. */
import type { DeadLetterDetailView, DeadLettersQuery, DeadLetterView } from '@writ/contracts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import type { DeadLetterRow } from './dead-letters.ts';

/** Lists dead letters, the newest first. */
export function listDeadLetters(
  store: Store,
  scope: Scope,
  query: DeadLettersQuery,
): Promise<Page<DeadLetterView>> {
  return readPage({
    list: 'dead-letters',
    scope,
    query,
    fetch(limit, after) {
      let select = lettersOf(store, scope).orderBy('seq', 'desc').limit(limit);
      if (after) select = select.where('seq', '<', after.seq);
      if (query.code !== undefined) select = select.where('code', '=', query.code);
      if (query.status !== 'all') select = select.where('status', '=', query.status);
      if (query.verb !== undefined) select = select.where('verb', '=', query.verb);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.seq, ordinal: 0 }),
    view: deadLetterView,
  });
}

/** One dead letter; `undefined` when there is none of that id. */
export async function getDeadLetter(
  store: Store,
  scope: Scope,
  id: string,
): Promise<DeadLetterDetailView | undefined> {
  const row = await reading(() => lettersOf(store, scope).where('id', '=', id).executeTakeFirst());
  return (
    row && { ...deadLetterView(row), headers: row.headers, body: row.body, outcomes: row.outcomes }
  );
}

function lettersOf({ db }: Store, { tenant }: Scope) {
  return db.selectFrom('dead_letters').selectAll().where('tenant', '=', tenant);
}

function deadLetterView(row: DeadLetterRow): DeadLetterView {
  const { id, stream, subject, verb, code, reason, details, attempts, status, retries, seq } = row;
  return {
    id,
    stream,
    streamSeq: row.stream_seq,
    subject,
    keyId: row.key_id,
    verb,
    code,
    reason,
    details,
    attempts,
    firstAt: row.first_at,
    lastAt: row.last_at,
    status,
    retries,
    seq,
  };
}
