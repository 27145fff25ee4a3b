/** Lists of approvals, and one approval with what is to be approved. */
import type { ApprovalDetailView, ApprovalsQuery, ApprovalView } from '@writ/contracts';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../database.ts';
import { instant } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import type { ApprovalRow } from './approvals.ts';

type ApprovalSelect = SelectQueryBuilder<Database, 'approvals', ApprovalRow>;

/** Lists approvals, those asked for last first. */
export function listApprovals(
  store: Store,
  scope: Scope,
  query: ApprovalsQuery,
): Promise<Page<ApprovalView>> {
  return readPage({
    list: 'approvals',
    scope,
    query,
    fetch(limit, after) {
      let select = filtered(approvalsOf(store, scope), query)
        .orderBy('created_seq', 'desc')
        .limit(limit);
      if (after) select = select.where('created_seq', '<', after.seq);
      if (query.status !== undefined) select = select.where(inStatus(query.status, scope.nowMs));
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.created_seq, ordinal: 0 }),
    view: (row) => approvalView(row, scope.nowMs),
  });
}

/** One approval; `undefined` when there is none of that id. */
export async function getApproval(
  store: Store,
  scope: Scope,
  approvalId: string,
): Promise<ApprovalDetailView | undefined> {
  const row = await reading(() =>
    approvalsOf(store, scope).where('approval_id', '=', approvalId).executeTakeFirst(),
  );
  return row && { ...approvalView(row, scope.nowMs), context: row.context };
}

function approvalsOf({ db }: Store, { tenant }: Scope): ApprovalSelect {
  return db.selectFrom('approvals').selectAll().where('tenant', '=', tenant);
}

function filtered(select: ApprovalSelect, query: ApprovalsQuery): ApprovalSelect {
  let found = select;
  if (query.agentId !== undefined) found = found.where('agent_id', '=', query.agentId);
  if (query.action !== undefined) found = found.where('action', '=', query.action);
  if (query.resource !== undefined) found = found.where('resource', '=', query.resource);
  if (query.since !== undefined) found = found.where('requested_at', '>=', instant(query.since));
  if (query.until !== undefined) found = found.where('requested_at', '<', instant(query.until));
  return found;
}

/** What is open in the log may be over by its time. In parentheses: other conditions are joined to it as it stands. */
function inStatus(status: ApprovalView['status'], nowMs: number) {
  const open = sql<boolean>`status in ('pending', 'approved')`;
  if (status === 'expired')
    return sql<boolean>`(status = 'expired' or (${open} and until_ms <= ${nowMs}))`;
  return sql<boolean>`status = ${status} and not (${open} and until_ms <= ${nowMs})`;
}

function statusOf({ status, until_ms }: ApprovalRow, nowMs: number): ApprovalView['status'] {
  const open = status === 'pending' || status === 'approved';
  return open && until_ms <= nowMs ? 'expired' : status;
}

function approvalView(row: ApprovalRow, nowMs: number): ApprovalView {
  return {
    approvalId: row.approval_id,
    status: statusOf(row, nowMs),
    agentId: row.agent_id,
    action: row.action,
    resource: row.resource,
    argumentsHash: row.arguments_hash,
    requiredBy: row.required_by,
    approvalsNeeded: row.approvals_needed,
    expiresAt: row.expires_at,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    decisions: row.decisions,
    used: row.used_for === null ? null : { decisionId: row.used_for, at: row.used_at ?? '' },
    seq: row.seq,
  };
}
