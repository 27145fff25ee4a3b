/** Commands on trust: rate an agent, publish a model. */
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';

export const trustCommandRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/feedback',
    verb: 'trust.give-feedback',
    tag: 'feedback',
    operation: 'giveFeedback',
    creates: true,
    errors: [
      'AGENT_UNKNOWN',
      'EXECUTION_UNKNOWN',
      'IDENTITY_MISMATCH',
      'SOURCE_NOT_ALLOWED',
      'STALE_STATE',
    ],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/trust-models',
    verb: 'trust.publish-model',
    tag: 'trust',
    operation: 'publishTrustModel',
    creates: true,
    errors: [],
  }),
];
