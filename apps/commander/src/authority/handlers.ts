/** Commands of authority: grants given and taken back, policies published and activated. */
import { subjects, WritError } from '@writ/contracts';
import { type AgentStanding, policies, Refusal } from '@writ/domain';
import { partOf } from '../aggregates.ts';
import type { Handler } from '../desk.ts';
import { thingIdOf } from '../order.ts';
import { authorityPart } from './agent-authority.ts';

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
  return desk.aggregates.execute(order, {
    parts: [
      authorityPart({ tenant, agentId }, (timeMs) => {
        // Only now: a retry has met itself before, whatever became of the agent since.
        refuseNobody(standing, agentId);
        return { type: 'IssueGrant', terms, timeMs };
      }),
    ],
    result: () => ({ grantId, agentId }),
  });
};

function refuseNobody(standing: AgentStanding, agentId: string): void {
  if (standing !== 'unknown' && standing !== 'retired') return;
  throw new Refusal(
    standing === 'unknown' ? 'AGENT_UNKNOWN' : 'AGENT_RETIRED',
    `agent \`${agentId}\` is ${standing === 'unknown' ? 'not registered' : 'retired'}; register it first`,
    [{ path: 'agentId', message: 'must be a registered agent' }],
  );
}

export const revokeGrant: Handler<'authority.revoke-grant'> = async (desk, order) => {
  const { grantId, reason } = order.body;
  const { tenant, keyId } = order.caller;
  const agentId = order.body.agentId ?? (await desk.directory.agentOfGrant(tenant, grantId));
  if (agentId === undefined)
    throw new WritError('GRANT_UNKNOWN', `there is no grant \`${grantId}\`; list the grants`, {
      details: [{ path: 'grantId', message: 'must be a grant that was issued' }],
    });
  const command = { type: 'RevokeGrant' as const, grantId, agentId, reason, revokedBy: keyId };
  return desk.aggregates.execute(order, {
    parts: [authorityPart({ tenant, agentId }, () => command)],
    result: () => ({ grantId, agentId, status: 'revoked' }),
  });
};

export const publishPolicies: Handler<'authority.publish-policies'> = async (desk, order) => {
  const { engine, policies: texts, note } = order.body;
  const problems = desk.checkPolicies(texts);
  if (problems.length > 0) throw invalidPolicies(problems);
  const digest = desk.digestPolicies(engine, texts);
  const command = { type: 'PublishPolicies' as const, engine, policies: texts, note, digest };
  return desk.aggregates.execute(order, {
    parts: [partOf(policiesOf(order.caller.tenant), policies, () => command)],
    result: (events) => {
      const published = events.find((event) => event.type === 'PoliciesPublished');
      return { version: published?.data.version, digest: published?.data.digest };
    },
  });
};

export const activatePolicies: Handler<'authority.activate-policies'> = (desk, order) => {
  const { version } = order.body;
  return desk.aggregates.execute(order, {
    parts: [
      partOf(policiesOf(order.caller.tenant), policies, () => ({
        type: 'ActivatePolicies' as const,
        version,
      })),
    ],
    result: (_events, state) => ({ version, digest: state.published.get(version)?.digest }),
  });
};

function policiesOf(tenant: string): { subject: string; aggregate: string } {
  return { subject: subjects.policies(tenant), aggregate: 'policies' };
}

function invalidPolicies(
  problems: readonly {
    policyId: string;
    message: string;
    line: number | null;
    column: number | null;
  }[],
): WritError {
  const details = problems.map(({ policyId, message, line, column }) => ({
    path: `policies.${policyId}`,
    message: line === null ? message : `line ${line}, column ${column}: ${message}`,
  }));
  const first = details[0];
  return new WritError('POLICY_INVALID', `\`${first?.path}\` is not valid: ${first?.message}`, {
    details,
  });
}

/** The same instant in UTC with milliseconds, the form that events hold. */
function inUtc(timestamp: string | null): string | null {
  return timestamp === null ? null : new Date(timestamp).toISOString();
}
