/** Approvals: what waits for a person, and what the person says. */
import {
  agentId,
  approvalDetailView,
  approvalsQuery,
  approvalView,
  uuid,
  WritError,
} from '@writ/contracts';
import { getApproval, listApprovals } from '@writ/readmodels';
import { z } from 'zod';
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';
import { agentListRoute, listRoute, lookupRoute } from '../reads/list-route.ts';

const approvals = {
  models: ['approvals'],
  query: approvalsQuery,
  item: approvalView,
  list: listApprovals,
} as const;
const params = z.strictObject({ approvalId: uuid });
const body = z.strictObject({
  approvalId: uuid.optional(),
  agentId: agentId.optional(),
  reason: z.string().max(2000).nullable().optional(),
});

const decisionRoutes: readonly Route[] = (['approve', 'reject'] as const).map((verdict) =>
  commandRoute({
    method: 'POST',
    path: `/v1/approvals/{approvalId}/${verdict}`,
    verb: 'authority.decide-approval',
    tag: 'approvals',
    operation: `${verdict}Approval`,
    summary: `${verdict}s what an agent asked to do, exactly that and once`,
    params,
    says: { verdict },
    body,
    errors: ['APPROVAL_UNKNOWN', 'APPROVAL_CLOSED', 'APPROVER_NOT_ALLOWED', 'STALE_STATE'],
  }),
);

export const approvalRoutes: readonly Route[] = [
  listRoute({
    ...approvals,
    tag: 'approvals',
    path: '/v1/approvals',
    operation: 'listApprovals',
    summary: 'approvals by agent, action, resource, status or time',
  }),
  agentListRoute({
    ...approvals,
    tag: 'agents',
    path: '/v1/agents/{agentId}/approvals',
    operation: 'listAgentApprovals',
    summary: 'what persons were asked to let an agent do',
  }),
  lookupRoute({
    path: '/v1/approvals/{approvalId}',
    operation: 'getApproval',
    tag: 'approvals',
    summary: 'one approval with the arguments that are to be approved',
    models: ['approvals'],
    params,
    item: approvalDetailView,
    get: (store, scope, { approvalId }) => getApproval(store, scope, approvalId),
    missing: ({ approvalId }) =>
      new WritError(
        'APPROVAL_UNKNOWN',
        `there is no approval \`${approvalId}\`; list the approvals`,
      ),
    errors: ['APPROVAL_UNKNOWN'],
  }),
  ...decisionRoutes,
];
