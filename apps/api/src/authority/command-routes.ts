/** Commands on grants and policies. */
import { agentId, delegateGrant, policyVersion, uuid } from '@writ/contracts';
import { z } from 'zod';
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';

const reason = z.string().max(2000).nullable().optional();

export const authorityCommandRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/grants',
    verb: 'authority.issue-grant',
    tag: 'grants',
    operation: 'issueGrant',
    creates: true,
    errors: ['AGENT_UNKNOWN', 'AGENT_RETIRED', 'GRANT_EXPIRED'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/grants/{grantId}/delegate',
    verb: 'authority.delegate-grant',
    tag: 'grants',
    operation: 'delegateGrant',
    params: z.strictObject({ grantId: uuid }),
    body: delegateGrant.extend({ grantId: uuid.optional() }),
    creates: true,
    errors: [
      'GRANT_UNKNOWN',
      'GRANT_NOT_DELEGABLE',
      'GRANT_TOO_WIDE',
      'GRANT_EXPIRED',
      'AGENT_UNKNOWN',
      'AGENT_SUSPENDED',
      'AGENT_RETIRED',
      'IDENTITY_MISMATCH',
      'STALE_STATE',
    ],
  }),
  commandRoute({
    method: 'DELETE',
    path: '/v1/grants/{grantId}',
    verb: 'authority.revoke-grant',
    tag: 'grants',
    operation: 'revokeGrant',
    params: z.strictObject({ grantId: uuid }),
    body: z.strictObject({ grantId: uuid.optional(), agentId: agentId.optional(), reason }),
    errors: ['GRANT_UNKNOWN', 'STALE_STATE'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/policies',
    verb: 'authority.publish-policies',
    tag: 'policies',
    operation: 'publishPolicies',
    creates: true,
    errors: ['POLICY_INVALID'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/policies/{version}/activate',
    verb: 'authority.activate-policies',
    tag: 'policies',
    operation: 'activatePolicies',
    params: z.strictObject({ version: policyVersion }),
    body: z.strictObject({ version: policyVersion.optional() }),
    errors: ['POLICY_VERSION_UNKNOWN', 'POLICY_INVALID'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/policies/{version}/rollback',
    verb: 'authority.rollback-policies',
    tag: 'policies',
    operation: 'rollBackPolicies',
    params: z.strictObject({ version: policyVersion }),
    body: z.strictObject({ version: policyVersion.optional(), reason }),
    errors: ['POLICY_ROLLBACK_IMPOSSIBLE', 'POLICY_INVALID'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/policies/rollback',
    verb: 'authority.rollback-policies',
    tag: 'policies',
    operation: 'rollBackToPoliciesBefore',
    errors: ['POLICY_ROLLBACK_IMPOSSIBLE', 'POLICY_INVALID'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/policies/schema',
    verb: 'authority.publish-schema',
    tag: 'policies',
    operation: 'publishSchema',
    creates: true,
    errors: ['SCHEMA_INVALID', 'POLICY_INVALID'],
  }),
];
