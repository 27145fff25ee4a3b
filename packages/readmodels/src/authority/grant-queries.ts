/** Lists of grants, and one grant. */
import type { GrantsQuery, GrantView } from '@writ/contracts';
import { MOST_ANCESTORS } from '@writ/domain';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../database.ts';
import { covers, instant } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import { type GrantRow, parentOf } from './grants.ts';

/** A grant that another one was handed on from. */
type Ancestor = {
  readonly grantId: string;
  readonly agentId: string;
  readonly revoked: {
    readonly by: string;
    readonly at: string;
    readonly reason: string | null;
  } | null;
};
type ShownRow = GrantRow & { readonly ancestors: readonly Ancestor[] };
type GrantSelect = SelectQueryBuilder<Database, 'grants', ShownRow>;

/** Lists grants, those issued last first. */
export function listGrants(
  store: Store,
  scope: Scope,
  query: GrantsQuery,
): Promise<Page<GrantView>> {
  return readPage({
    list: 'grants',
    scope,
    query,
    fetch(limit, after) {
      let select = filtered(grantsOf(store, scope), query)
        .orderBy('created_seq', 'desc')
        .limit(limit);
      if (after) select = select.where('created_seq', '<', after.seq);
      if (query.status !== undefined) select = select.where(inStatus(query.status, scope.nowMs));
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.created_seq, ordinal: 0 }),
    view: (row) => grantView(row, scope.nowMs),
  });
}

/** One grant; `undefined` when there is none of that id. */
export async function getGrant(
  store: Store,
  scope: Scope,
  grantId: string,
): Promise<GrantView | undefined> {
  const row = await reading(() =>
    grantsOf(store, scope).where('grant_id', '=', grantId).executeTakeFirst(),
  );
  return row && grantView(row, scope.nowMs);
}

function grantsOf({ db }: Store, { tenant }: Scope): GrantSelect {
  return db
    .selectFrom('grants')
    .selectAll()
    .select(ancestors.as('ancestors'))
    .where('tenant', '=', tenant);
}

function filtered(select: GrantSelect, query: GrantsQuery): GrantSelect {
  let found = select;
  if (query.agentId !== undefined) found = found.where('agent_id', '=', query.agentId);
  if (query.action !== undefined) found = found.where(covers('actions', query.action));
  if (query.resource !== undefined) found = found.where(covers('resources', query.resource));
  if (query.parent !== undefined) found = found.where('parent_grant_id', '=', query.parent);
  if (query.since !== undefined) found = found.where('issued_at', '>=', instant(query.since));
  if (query.until !== undefined) found = found.where('issued_at', '<', instant(query.until));
  return found;
}

/** What a grant was handed on from, the nearest first. */
const ancestors = sql<readonly Ancestor[]>`case when parent_grant_id is null then '[]' else (
  with recursive lineage as (
    select parent.*, 1 as depth from grants parent
    where parent.tenant = grants.tenant and parent.grant_id = grants.parent_grant_id
    union all
    select parent.*, depth + 1 from grants parent join lineage
    on parent.tenant = lineage.tenant and parent.grant_id = lineage.parent_grant_id where depth < ${MOST_ANCESTORS}
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'grantId', grant_id, 'agentId', agent_id,
    'revoked', case when status = 'revoked' then jsonb_build_object('by', revoked_by,
      'at', to_char(revoked_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'reason', revoke_reason) end
  ) order by depth), '[]') from lineage
) end`;

/** The same as `statusOf` says of the row. */
const statusAt = (nowMs: number) => sql<GrantView['status']>`case
  when status = 'revoked' or (${ancestors}) @? '$[*].revoked ? (@ != null)' then 'revoked'
  when until_ms <= ${nowMs} then 'expired'
  when from_ms > ${nowMs} then 'not_yet'
  else 'active' end`;

function inStatus(status: GrantView['status'], nowMs: number) {
  return sql<boolean>`${statusAt(nowMs)} = ${status}`;
}

function statusOf(row: ShownRow, nowMs: number): GrantView['status'] {
  if (row.status === 'revoked' || row.ancestors.some(({ revoked }) => revoked)) return 'revoked';
  if (row.until_ms !== null && row.until_ms <= nowMs) return 'expired';
  return row.from_ms !== null && row.from_ms > nowMs ? 'not_yet' : 'active';
}

function revokedOf(row: ShownRow): GrantView['revoked'] {
  if (row.revoked_at !== null)
    return {
      by: row.revoked_by ?? '',
      at: row.revoked_at,
      reason: row.revoke_reason,
      through: null,
    };
  for (const { grantId, agentId, revoked } of row.ancestors)
    if (revoked) return { ...revoked, through: { grantId, agentId } };
  return null;
}

function usesOf({ used, conditions: { maxUses } }: GrantRow): GrantView['uses'] {
  return maxUses === undefined ? null : { used, left: Math.max(0, maxUses - used) };
}

function grantView(row: ShownRow, nowMs: number): GrantView {
  return {
    grantId: row.grant_id,
    agentId: row.agent_id,
    status: statusOf(row, nowMs),
    actions: row.actions,
    resources: row.resources,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    conditions: row.conditions,
    delegable: row.delegable,
    parent: parentOf(row),
    depth: row.ancestors.length,
    reason: row.reason,
    issuedBy: row.issued_by,
    issuedAt: row.issued_at,
    revoked: revokedOf(row),
    uses: usesOf(row),
    seq: row.seq,
  };
}
