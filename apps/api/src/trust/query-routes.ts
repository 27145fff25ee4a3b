/** Reading trust: feedback, and an agent's score with what moves it. */
import {
  agentId,
  feedbackQuery,
  feedbackView,
  trustModelsQuery,
  trustModelView,
  trustView,
} from '@writ/contracts';
import { getTrust, listFeedback, listTrustModels } from '@writ/readmodels';
import { z } from 'zod';
import type { Route } from '../http/route.ts';
import { listRoute, lookupRoute, unknownAgent } from '../reads/list-route.ts';

export const trustQueryRoutes: readonly Route[] = [
  listRoute({
    path: '/v1/feedback',
    operation: 'listFeedback',
    tag: 'feedback',
    summary: 'feedback by agent, source, rater or time',
    models: ['feedback'],
    query: feedbackQuery,
    item: feedbackView,
    list: listFeedback,
  }),
  listRoute({
    path: '/v1/trust-models',
    operation: 'listTrustModels',
    tag: 'trust',
    summary: 'the trust models that were published; without one the built-in model is in force',
    models: ['trust'],
    query: trustModelsQuery,
    item: trustModelView,
    list: listTrustModels,
  }),
  lookupRoute({
    path: '/v1/agents/{agentId}/trust',
    operation: 'getTrust',
    tag: 'agents',
    summary: 'the trust in an agent now, and the facts that move it most',
    access: ['admin', 'agent'],
    models: ['trust'],
    params: z.strictObject({ agentId }),
    item: trustView,
    get: (store, scope, params) => getTrust(store, scope, params.agentId),
    missing: (params) => unknownAgent(params.agentId),
    errors: ['AGENT_UNKNOWN'],
  }),
];
