/** Reading authority: grants, published policies, decisions. */
import {
  decisionDetailView,
  decisionsQuery,
  decisionView,
  grantsQuery,
  grantView,
  policiesQuery,
  policySchemaView,
  policyVersion,
  policyVersionDetailView,
  policyVersionView,
  unlistedDecisionsQuery,
  unlistedDecisionsView,
  uuid,
  WritError,
} from '@writ/contracts';
import {
  getDecision,
  getGrant,
  getPolicySchema,
  getPolicyVersion,
  listDecisions,
  listGrants,
  listPolicyVersions,
  listUnlistedDecisions,
} from '@writ/readmodels';
import { z } from 'zod';
import { none } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';
import { agentListRoute, listRoute, lookupRoute } from '../reads/list-route.ts';

const grants = {
  tag: 'grants',
  models: ['grants'],
  query: grantsQuery,
  item: grantView,
  list: listGrants,
} as const;
/** Decisions are recorded in a stream of their own; a token of the log says nothing of it. */
const decisions = {
  tag: 'decisions',
  models: [],
  query: decisionsQuery,
  item: decisionView,
  list: listDecisions,
} as const;

const grantRoutes: readonly Route[] = [
  listRoute({
    ...grants,
    path: '/v1/grants',
    operation: 'listGrants',
    summary: 'grants by agent, action, resource or status',
  }),
  agentListRoute({
    ...grants,
    tag: 'agents',
    path: '/v1/agents/{agentId}/grants',
    operation: 'listAgentGrants',
    summary: 'the grants of an agent',
  }),
  lookupRoute({
    path: '/v1/grants/{grantId}',
    operation: 'getGrant',
    tag: 'grants',
    summary: 'one grant',
    models: ['grants'],
    params: z.strictObject({ grantId: uuid }),
    item: grantView,
    get: (store, scope, { grantId }) => getGrant(store, scope, grantId),
    missing: ({ grantId }) =>
      new WritError('GRANT_UNKNOWN', `there is no grant \`${grantId}\`; list the grants`),
    errors: ['GRANT_UNKNOWN'],
  }),
];

const policyRoutes: readonly Route[] = [
  listRoute({
    path: '/v1/policies',
    operation: 'listPolicies',
    tag: 'policies',
    summary: 'the published versions of the policies',
    models: ['policies'],
    query: policiesQuery,
    item: policyVersionView,
    list: listPolicyVersions,
  }),
  lookupRoute({
    path: '/v1/policies/schema',
    operation: 'getPolicySchema',
    tag: 'policies',
    summary: 'the schema that policies and questions are held to',
    models: ['policies'],
    params: none,
    item: policySchemaView,
    get: (store, scope) => getPolicySchema(store, scope),
    missing: () => new WritError('NOT_FOUND', 'no schema is published; contexts are free'),
    errors: ['NOT_FOUND'],
  }),
  lookupRoute({
    path: '/v1/policies/{version}',
    operation: 'getPolicies',
    tag: 'policies',
    summary: 'one version with the text of its policies',
    models: ['policies'],
    params: z.strictObject({ version: policyVersion }),
    item: policyVersionDetailView,
    get: (store, scope, { version }) => getPolicyVersion(store, scope, version),
    missing: ({ version }) =>
      new WritError(
        'POLICY_VERSION_UNKNOWN',
        `version \`${version}\` of the policies is not published; list the versions`,
      ),
    errors: ['POLICY_VERSION_UNKNOWN'],
  }),
];

const decisionRoutes: readonly Route[] = [
  listRoute({
    ...decisions,
    path: '/v1/decisions',
    operation: 'listDecisions',
    summary: 'decisions by agent, action, resource, outcome, code or time',
  }),
  agentListRoute({
    ...decisions,
    tag: 'agents',
    path: '/v1/agents/{agentId}/decisions',
    operation: 'listAgentDecisions',
    summary: 'how the questions of an agent were decided',
  }),
  listRoute({
    tag: 'decisions',
    path: '/v1/decisions/unlisted',
    operation: 'listUnlistedDecisions',
    summary: 'what is not recorded one by one: lost by a crash, or denials counted together',
    models: [],
    query: unlistedDecisionsQuery,
    item: unlistedDecisionsView,
    list: listUnlistedDecisions,
  }),
  lookupRoute({
    path: '/v1/decisions/{decisionId}',
    operation: 'getDecision',
    tag: 'decisions',
    summary: 'one decision with every input by value',
    models: [],
    params: z.strictObject({ decisionId: uuid }),
    item: decisionDetailView,
    get: (store, scope, { decisionId }) => getDecision(store, scope, decisionId),
    missing: ({ decisionId }) =>
      new WritError(
        'NOT_FOUND',
        `no decision \`${decisionId}\` is recorded; a new one is a moment later than its answer`,
      ),
    errors: ['NOT_FOUND'],
  }),
];

export const authorityQueryRoutes: readonly Route[] = [
  ...grantRoutes,
  ...policyRoutes,
  ...decisionRoutes,
];
