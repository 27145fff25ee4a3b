/** The rows of approvals. */
import type { ApprovalDetailView } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

export type ApprovalRow = {
  tenant: string;
  approval_id: string;
  agent_id: string;
  /** As the log says; one that is open may be over by its time. */
  status: ApprovalDetailView['status'];
  action: string;
  resource: string;
  context: ApprovalDetailView['context'];
  arguments_hash: string;
  required_by: ApprovalDetailView['requiredBy'];
  approvals_needed: 1 | 2;
  expires_at: string;
  /** The same in milliseconds since 1970. */
  until_ms: number;
  requested_by: string;
  requested_at: string;
  decisions: ApprovalDetailView['decisions'];
  used_for: string | null;
  used_at: string | null;
  created_seq: number;
  seq: number;
};

export const approvalsTable: Table<ApprovalRow> = {
  name: 'approvals',
  key: ['tenant', 'approval_id'],
  onConflict: 'replace',
  columns: {
    tenant: 'text',
    approval_id: 'text',
    agent_id: 'text',
    status: 'text',
    action: 'text',
    resource: 'text',
    context: 'jsonb',
    arguments_hash: 'text',
    required_by: 'jsonb',
    approvals_needed: 'integer',
    expires_at: 'text',
    until_ms: 'bigint',
    requested_by: 'text',
    requested_at: 'timestamptz',
    decisions: 'jsonb',
    used_for: 'text',
    used_at: 'timestamptz',
    created_seq: 'bigint',
    seq: 'bigint',
  },
};
