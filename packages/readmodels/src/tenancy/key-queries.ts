/** Lists of API keys, and one key. */
import type { KeysQuery, KeyView } from '@writ/contracts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import type { KeyRow } from './keys.ts';

/** Lists keys, those made last first. */
export function listKeys(store: Store, scope: Scope, query: KeysQuery): Promise<Page<KeyView>> {
  return readPage({
    list: 'keys',
    scope,
    query,
    fetch(limit, after) {
      let select = keysOf(store, scope).orderBy('created_seq', 'desc').limit(limit);
      if (after) select = select.where('created_seq', '<', after.seq);
      if (query.role !== undefined) select = select.where('role', '=', query.role);
      if (query.status === 'revoked') select = select.where('status', '=', 'revoked');
      if (query.status === 'active')
        select = select
          .where('status', '=', 'active')
          .where((eb) => eb.or([eb('until_ms', 'is', null), eb('until_ms', '>', scope.nowMs)]));
      if (query.status === 'expired')
        select = select.where('status', '=', 'active').where('until_ms', '<=', scope.nowMs);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.created_seq, ordinal: 0 }),
    view: (row) => keyView(row, scope.nowMs),
  });
}

/** One key; `undefined` when there is none of that id. */
export async function getKey(
  store: Store,
  scope: Scope,
  keyId: string,
): Promise<KeyView | undefined> {
  const row = await reading(() =>
    keysOf(store, scope).where('key_id', '=', keyId).executeTakeFirst(),
  );
  return row && keyView(row, scope.nowMs);
}

function keysOf({ db }: Store, { tenant }: Scope) {
  return db.selectFrom('keys').selectAll().where('tenant', '=', tenant);
}

function keyView(row: KeyRow, nowMs: number): KeyView {
  const ended = row.until_ms !== null && row.until_ms <= nowMs;
  return {
    keyId: row.key_id,
    name: row.name,
    role: row.role,
    agents: row.agents,
    status: row.status === 'active' && ended ? 'expired' : row.status,
    expiresAt: row.expires_at,
    createdBy: row.created_by,
    createdAt: row.created_at,
    revoked:
      row.revoked_at === null
        ? null
        : { by: row.revoked_by ?? '', at: row.revoked_at, reason: row.revoke_reason },
    seq: row.seq,
  };
}
