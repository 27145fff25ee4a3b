/** Commands of authority on grants: given and taken back. */
import { WritError } from '@writ/contracts';
import type { Handler } from '../desk.ts';
import { thingIdOf } from '../order.ts';
import { authorityPart } from './agent-authority.ts';
import { endGrantsOfRetired } from './grants-of-retired.ts';

export const issueGrant: Handler<'authority.issue-grant'> = async (desk, order) => {
  const { agentId, notBefore, expiresAt, ...rest } = order.body;
  const { tenant, keyId } = order.caller;
  const standing = await desk.directory.standing(tenant, agentId);
  const grantId = thingIdOf(order);
  const terms = {
    ...rest,
    grantId,
    agentId,
    notBefore: inUtc(notBefore),
    expiresAt: inUtc(expiresAt),
    parent: null,
    issuedBy: keyId,
  };
  const outcome = await desk.aggregates.execute(order, {
    parts: [
      authorityPart({ tenant, agentId }, (timeMs) => ({
        type: 'IssueGrant',
        terms,
        standing,
        timeMs,
      })),
    ],
    result: () => ({ grantId, agentId }),
  });
  await endGrantsOfRetired(desk, order, agentId);
  return outcome;
};

export const revokeGrant: Handler<'authority.revoke-grant'> = async (desk, order) => {
  const { grantId, reason } = order.body;
  const { tenant, keyId } = order.caller;
  const agentId = order.body.agentId ?? (await desk.directory.agentOfGrant(tenant, grantId));
  if (agentId === undefined) throw unknownGrant(grantId);
  const command = { type: 'RevokeGrant' as const, grantId, agentId, reason, revokedBy: keyId };
  return desk.aggregates.execute(order, {
    parts: [authorityPart({ tenant, agentId }, () => command)],
    result: () => ({ grantId, agentId, status: 'revoked' }),
  });
};

/** The refusal of a grant that nobody has, or that is not the caller's to know of. */
export function unknownGrant(grantId: string): WritError {
  return new WritError('GRANT_UNKNOWN', `there is no grant \`${grantId}\`; list the grants`, {
    details: [{ path: 'grantId', message: 'must be a grant that was issued' }],
  });
}

/** The same instant in UTC with milliseconds, the form that events hold. */
export function inUtc(timestamp: string | null): string | null {
  return timestamp === null ? null : new Date(timestamp).toISOString();
}
