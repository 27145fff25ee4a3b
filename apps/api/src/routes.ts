/** Every route of the API; the server, the OpenAPI document and the tests all start from this list. */
import { approvalRoutes } from './authority/approval-routes.ts';
import { authorityCommandRoutes } from './authority/command-routes.ts';
import { evaluationRoutes } from './authority/evaluation-routes.ts';
import { explanationRoute } from './authority/explanation-route.ts';
import { killSwitchRoutes } from './authority/kill-switch-routes.ts';
import { authorityQueryRoutes } from './authority/query-routes.ts';
import { validationRoutes } from './authority/validation-routes.ts';
import { validatePoliciesRoute } from './authority/validate-route.ts';
import { eventRoutes } from './events/routes.ts';
import { executionCommandRoutes } from './execution/command-routes.ts';
import { executionQueryRoutes } from './execution/query-routes.ts';
import type { Route } from './http/route.ts';
import { deadLetterCommandRoutes } from './operations/command-routes.ts';
import { deadLetterQueryRoutes } from './operations/query-routes.ts';
import { agentCommandRoutes } from './registry/command-routes.ts';
import { agentQueryRoutes } from './registry/query-routes.ts';
import { systemRoutes } from './system-routes.ts';
import { keyCommandRoutes } from './tenancy/command-routes.ts';
import { keyQueryRoutes } from './tenancy/query-routes.ts';
import { trustCommandRoutes } from './trust/command-routes.ts';
import { trustQueryRoutes } from './trust/query-routes.ts';

export const routes: readonly Route[] = [
  ...evaluationRoutes,
  ...agentCommandRoutes,
  ...agentQueryRoutes,
  ...authorityCommandRoutes,
  validatePoliciesRoute,
  ...authorityQueryRoutes,
  explanationRoute,
  ...killSwitchRoutes,
  ...validationRoutes,
  ...approvalRoutes,
  ...executionCommandRoutes,
  ...executionQueryRoutes,
  ...trustCommandRoutes,
  ...trustQueryRoutes,
  ...keyCommandRoutes,
  ...keyQueryRoutes,
  ...eventRoutes,
  ...deadLetterCommandRoutes,
  ...deadLetterQueryRoutes,
  ...systemRoutes,
];
