/** Reading executions. */
import { executionsQuery, executionView } from '@writ/contracts';
import { listExecutions } from '@writ/readmodels';
import type { Route } from '../http/route.ts';
import { agentListRoute, listRoute } from '../reads/list-route.ts';

const executions = {
  models: ['executions'],
  query: executionsQuery,
  item: executionView,
  list: listExecutions,
} as const;

export const executionQueryRoutes: readonly Route[] = [
  listRoute({
    ...executions,
    tag: 'executions',
    path: '/v1/executions',
    operation: 'listExecutions',
    summary: 'executions by agent, action, resource, status, outcome or time',
  }),
  agentListRoute({
    ...executions,
    tag: 'agents',
    path: '/v1/agents/{agentId}/executions',
    operation: 'listAgentExecutions',
    summary: 'what an agent did',
  }),
];
