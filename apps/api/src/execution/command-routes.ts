/** Commands on executions: announce one, report what came of it. */
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';

const tag = 'executions';

export const executionCommandRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/executions',
    verb: 'execution.report',
    tag,
    operation: 'reportExecution',
    creates: true,
    errors: ['AGENT_UNKNOWN', 'IDENTITY_MISMATCH', 'EXECUTION_FINISHED', 'STALE_STATE'],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/executions/start',
    verb: 'execution.start',
    tag,
    operation: 'startExecution',
    creates: true,
    errors: [
      'AGENT_UNKNOWN',
      'AGENT_SUSPENDED',
      'AGENT_RETIRED',
      'IDENTITY_MISMATCH',
      'EXECUTION_FINISHED',
      'STALE_STATE',
    ],
  }),
];
