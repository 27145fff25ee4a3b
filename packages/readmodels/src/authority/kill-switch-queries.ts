/** Lists of kill switches. */
import type { KillSwitchesQuery, KillSwitchView } from '@writ/contracts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import type { Store } from '../store.ts';
import type { KillSwitchRow } from './kill-switches.ts';

/** Lists a tenant's kill switches, the one that changed last first. */
export function listKillSwitches(
  store: Store,
  scope: Scope,
  query: KillSwitchesQuery,
): Promise<Page<KillSwitchView>> {
  return readPage({
    list: 'kill-switches',
    scope,
    query,
    fetch(limit, after) {
      let select = store.db
        .selectFrom('kill_switches')
        .selectAll()
        .where('tenant', '=', scope.tenant)
        .orderBy('seq', 'desc')
        .limit(limit);
      if (after) select = select.where('seq', '<', after.seq);
      if (query.status !== undefined)
        select = select.where('engaged', '=', query.status === 'engaged');
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.seq, ordinal: 0 }),
    view: killSwitchView,
  });
}

function killSwitchView(row: KillSwitchRow): KillSwitchView {
  return {
    scope: row.scope,
    status: row.engaged ? 'engaged' : 'released',
    engaged: { by: row.engaged_by, at: row.engaged_at, reason: row.engage_reason },
    released:
      row.released_at === null
        ? null
        : { by: row.released_by ?? '', at: row.released_at, reason: row.release_reason ?? '' },
    seq: row.seq,
  };
}
