/** Commands on agents: register, suspend, resume, retire. */
import { agentId, registerAgent } from '@writ/contracts';
import { z } from 'zod';
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';

const tag = 'agents';
const params = z.strictObject({ agentId });
const reason = z.strictObject({
  agentId: agentId.optional(),
  reason: z.string().max(2000).nullable().optional(),
});
const stop = ['AGENT_UNKNOWN', 'AGENT_RETIRED'] as const;

export const agentCommandRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/agents',
    verb: 'registry.register-agent',
    tag,
    operation: 'registerAgent',
    body: registerAgent,
    creates: true,
    errors: ['IDENTITY_MISMATCH'],
  }),
  commandRoute({
    method: 'DELETE',
    path: '/v1/agents/{agentId}',
    verb: 'registry.retire-agent',
    tag,
    operation: 'retireAgent',
    params,
    body: reason,
    errors: ['AGENT_UNKNOWN'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/agents/{agentId}/suspend',
    verb: 'registry.suspend-agent',
    tag,
    operation: 'suspendAgent',
    params,
    body: reason,
    errors: stop,
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/agents/{agentId}/resume',
    verb: 'registry.resume-agent',
    tag,
    operation: 'resumeAgent',
    params,
    body: reason,
    errors: stop,
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/agents/{agentId}/clear-suspension',
    verb: 'trust.clear-suspension',
    tag,
    operation: 'clearSuspension',
    params,
    body: z.strictObject({ agentId: agentId.optional(), reason: z.string().min(1).max(2000) }),
    errors: ['AGENT_UNKNOWN'],
  }),
];
