/** Every route of the API; the server, the OpenAPI document and the tests all start from this list. */
import { authorityCommandRoutes } from './authority/command-routes.ts';
import { evaluationRoutes } from './authority/evaluation-routes.ts';
import { eventRoutes } from './events/routes.ts';
import { executionCommandRoutes } from './execution/command-routes.ts';
import type { Route } from './http/route.ts';
import { agentCommandRoutes } from './registry/command-routes.ts';
import { systemRoutes } from './system-routes.ts';
import { keyCommandRoutes } from './tenancy/command-routes.ts';
import { trustCommandRoutes } from './trust/command-routes.ts';

export const routes: readonly Route[] = [
  ...evaluationRoutes,
  ...agentCommandRoutes,
  ...authorityCommandRoutes,
  ...executionCommandRoutes,
  ...trustCommandRoutes,
  ...keyCommandRoutes,
  ...eventRoutes,
  ...systemRoutes,
];
