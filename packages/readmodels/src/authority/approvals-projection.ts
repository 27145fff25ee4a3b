/** Folds what persons were asked for, and what they said, into the rows of approvals. */
import type { RecordedEvent } from '@writ/contracts';
import { type Approval, type ApprovalsEventName, evolveApproval } from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type ApprovalRow, approvalsTable } from './approvals.ts';

export const approvalsProjection: Projection<ProjectedEvent> = {
  name: 'approvals',
  version: 1,
  source: 'EVENTS',
  kinds: ['authority.grants'],
  tables: [approvalsTable.name],
  open() {
    const rows = rowSet(approvalsTable);
    return {
      sets: [rows],
      need(event) {
        if (isOfApprovals(event)) rows.need(event.tenant, event.data.approvalId);
      },
      apply(event) {
        if (!isOfApprovals(event)) return;
        const row = evolveApprovalRow(rows.get(event.tenant, event.data.approvalId), event);
        if (row) rows.put(row);
      },
    };
  },
};

function isOfApprovals(event: RecordedEvent): event is RecordedEvent<ApprovalsEventName> {
  switch (event.type) {
    case 'ApprovalRequested':
    case 'ApprovalDecided':
    case 'ApprovalUsed':
    case 'ApprovalExpired':
      return true;
    default:
      return false;
  }
}

/** The row of an approval after an event; `undefined` when what was never asked for is decided. */
export function evolveApprovalRow(
  row: ApprovalRow | undefined,
  event: RecordedEvent<ApprovalsEventName>,
): ApprovalRow | undefined {
  const at = momentAt(event.timeMs);
  const approval = evolveApproval(row && approvalOf(row), event);
  if (!approval) return undefined;
  if (event.type === 'ApprovalRequested') return askedRow(event, approval);
  if (!row) return undefined;
  const changed = { ...row, status: approval.status, seq: event.seq };
  if (event.type === 'ApprovalUsed') return { ...changed, used_for: approval.usedFor, used_at: at };
  if (event.type === 'ApprovalExpired') return changed;
  const { verdict, decidedBy, reason } = event.data;
  return { ...changed, decisions: [...row.decisions, { verdict, by: decidedBy, at, reason }] };
}

function askedRow(event: RecordedEvent<'ApprovalRequested'>, approval: Approval): ApprovalRow {
  const { data } = event;
  return {
    tenant: event.tenant,
    approval_id: data.approvalId,
    agent_id: data.agentId,
    status: approval.status,
    action: data.action,
    resource: data.resource,
    context: data.context,
    arguments_hash: data.argumentsHash,
    required_by: data.requiredBy,
    approvals_needed: data.approvalsNeeded,
    expires_at: data.expiresAt,
    until_ms: approval.untilMs,
    requested_by: data.requestedBy,
    requested_at: momentAt(event.timeMs),
    decisions: [],
    used_for: null,
    used_at: null,
    created_seq: event.seq,
    seq: event.seq,
  };
}

function approvalOf(row: ApprovalRow): Approval {
  const by = (verdict: 'approved' | 'rejected'): string[] =>
    row.decisions.filter((one) => one.verdict === verdict).map((one) => one.by);
  return {
    approvalId: row.approval_id,
    agentId: row.agent_id,
    action: row.action,
    resource: row.resource,
    argumentsHash: row.arguments_hash,
    requiredBy: row.required_by,
    approvalsNeeded: row.approvals_needed,
    expiresAt: row.expires_at,
    requestedBy: row.requested_by,
    status: row.status,
    untilMs: row.until_ms,
    approvedBy: by('approved'),
    rejectedBy: by('rejected')[0] ?? null,
    usedFor: row.used_for,
  };
}
