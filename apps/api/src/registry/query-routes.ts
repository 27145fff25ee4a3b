/** Reading the registry: agents by what they are, and one agent with its versions. */
import { agentDetailView, agentId, agentsQuery, agentView } from '@writ/contracts';
import { getAgent, listAgents } from '@writ/readmodels';
import { z } from 'zod';
import type { Route } from '../http/route.ts';
import { listRoute, lookupRoute, unknownAgent } from '../reads/list-route.ts';

const tag = 'agents';

export const agentQueryRoutes: readonly Route[] = [
  listRoute({
    path: '/v1/agents',
    operation: 'listAgents',
    tag,
    summary: 'agents by type, capabilities, version, status, trust, labels, owner or name',
    models: ['agents', 'trust'],
    query: agentsQuery,
    item: agentView,
    list: listAgents,
  }),
  lookupRoute({
    path: '/v1/agents/{agentId}',
    operation: 'getAgent',
    tag,
    summary: 'one agent with every version that was registered',
    access: ['admin', 'agent'],
    models: ['agents', 'trust'],
    params: z.strictObject({ agentId }),
    item: agentDetailView,
    get: (store, scope, params) => getAgent(store, scope, params.agentId),
    missing: (params) => unknownAgent(params.agentId),
    errors: ['AGENT_UNKNOWN'],
  }),
];
