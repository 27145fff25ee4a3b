/** What the decision log does not hold one by one: what a crash may have lost, and denials that were too many. */
import type { UnlistedDecisionsView } from '@writ/contracts';
import { sql } from 'kysely';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import type { Store } from '../store.ts';

type Row = UnlistedDecisionsView & { readonly n: number };

/** Lists gaps and summed-up denials, the newest first. */
export function listUnlistedDecisions(
  { db }: Store,
  scope: Scope,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<UnlistedDecisionsView>> {
  return readPage<Row, UnlistedDecisionsView>({
    list: 'unlisted-decisions',
    scope,
    query,
    async fetch(limit, after) {
      // All conditions stand outside: only so are both tables read by their indexes, in order, up to the limit.
      const { rows } = await sql<{ row: Row }>`
        select row from (
          select tenant, seq, n, jsonb_build_object('kind', 'gap', 'governor', governor, 'mayBeMissing', may_be_missing,
            'lastRecorded', last_recorded, 'at', ${utc(sql.ref('noticed_at'))}, 'seq', seq, 'n', n) as row
          from decision_gaps
          union all
          select tenant, seq, n, jsonb_build_object('kind', 'denials', 'governor', governor, 'decisionId', decision_id,
            'keyId', key_id, 'count', count, 'codes', codes, 'examples', examples,
            'at', ${utc(sql.ref('until_at'))}, 'seq', seq, 'n', n) as row
          from decision_denials
        ) as unlisted
        where tenant = ${scope.tenant} ${after ? sql`and (seq, n) < (${after.seq}, ${after.ordinal})` : sql``}
        order by seq desc, n desc limit ${limit}`.execute(db);
      return rows.map(({ row }) => row);
    },
    placeOf: ({ seq, n }) => ({ seq, ordinal: n }),
    view: ({ n: _n, ...view }) => view,
  });
}

/** RFC 3339 in UTC, as everywhere else. */
function utc(moment: ReturnType<typeof sql.ref>) {
  return sql`to_char(${moment} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
