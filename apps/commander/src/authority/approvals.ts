/** Approvals: asked for by governors, given or refused by persons, used once by governors. */
import { WritError } from '@writ/contracts';
import type { Handler } from '../desk.ts';
import { thingIdOf } from '../order.ts';
import { requireSpeaker } from '../rights.ts';
import { authorityPart } from './agent-authority.ts';

export const decideApproval: Handler<'authority.decide-approval'> = async (desk, order) => {
  const { approvalId, verdict, reason } = order.body;
  const { tenant, keyId: decidedBy } = order.caller;
  const agentId = order.body.agentId ?? (await desk.directory.agentOfApproval(tenant, approvalId));
  if (agentId === undefined)
    throw new WritError(
      'APPROVAL_UNKNOWN',
      `there is no approval \`${approvalId}\`; list the approvals`,
      { details: [{ path: 'approvalId', message: 'must be an approval that is open' }] },
    );
  const part = authorityPart({ tenant, agentId }, (timeMs) => ({
    type: 'DecideApproval',
    approvalId,
    agentId,
    verdict,
    reason,
    decidedBy,
    timeMs,
  }));
  return desk.aggregates.execute(order, {
    parts: [part],
    result: (_events, { approvals: { approvals } }) => ({
      approvalId,
      agentId,
      status: approvals.get(approvalId)?.status,
    }),
  });
};

/** Is never granted by itself: the governor decides again on a state that has what persons are asked. */
export const requestApproval: Handler<'request-approval'> = async (desk, order) => {
  const { ttlSeconds, ...asked } = order.body;
  const { agentId } = asked;
  const { tenant, keyId: requestedBy } = order.caller;
  requireSpeaker(order.caller, agentId);
  const request = { ...asked, approvalId: thingIdOf(order), requestedBy };
  const part = authorityPart({ tenant, agentId }, (timeMs) => ({
    type: 'RequestApproval',
    request,
    expiresAt: new Date(timeMs + ttlSeconds * 1000).toISOString(),
    timeMs,
  }));
  return desk.aggregates.execute(order, {
    parts: [part],
    // Where nothing was stored, one stands that was asked for before.
    result: (events) => {
      const requested = events.find((event) => event.type === 'ApprovalRequested');
      return { claimed: false, approvalId: requested?.data.approvalId };
    },
  });
};

export const useApproval: Handler<'use-approval'> = async (desk, order) => {
  const { approvalId, agentId, decisionId } = order.body;
  const { tenant, keyId: usedBy } = order.caller;
  requireSpeaker(order.caller, agentId);
  const part = authorityPart({ tenant, agentId }, (timeMs) => ({
    type: 'UseApproval',
    approvalId,
    agentId,
    decisionId,
    usedBy,
    timeMs,
  }));
  return desk.aggregates.execute(order, {
    parts: [part],
    result: () => ({ claimed: true }),
    // Nothing has moved on, and another decision would find the same approval: the order fails.
    refused: (code) => (code === 'APPROVER_NOT_ALLOWED' ? undefined : { claimed: false }),
  });
};
