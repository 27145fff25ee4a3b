/** Routes about the API itself: is it alive, is it ready, what it measures. */
import { z } from 'zod';
import { none } from './http/parameters.ts';
import { route, type Route } from './http/route.ts';

const tag = 'system';

const readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  troubles: z.array(z.object({ part: z.string(), message: z.string() })),
  projections: z.array(
    z.object({
      projection: z.string(),
      source: z.string(),
      position: z.int(),
      behind: z.int().nullable(),
      state: z.string(),
    }),
  ),
  roles: z.array(z.object({ role: z.string(), running: z.int(), ready: z.int() })),
});

export const systemRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/health',
    operation: 'getHealth',
    tag,
    summary: 'says that the process is alive',
    access: 'public',
    params: none,
    query: none,
    answers: { 200: { description: 'alive', schema: z.object({ status: z.literal('healthy') }) } },
    errors: [],
    handle: async () => ({ body: { status: 'healthy' } }),
  }),
  route({
    method: 'GET',
    path: '/ready',
    operation: 'getReadiness',
    tag,
    summary:
      'says whether the API can do its work, how far each read model is, and which roles run',
    access: 'public',
    params: none,
    query: none,
    answers: {
      200: { description: 'ready', schema: readiness },
      503: { description: 'not ready, and why', schema: readiness },
    },
    errors: [],
    handle: async (_call, { troubles, overview }) => {
      const found = await troubles();
      const { projections, roles } = await overview();
      const ready = found.length === 0;
      return {
        status: ready ? 200 : 503,
        body: {
          status: ready ? ('ready' as const) : ('not_ready' as const),
          troubles: found,
          projections,
          roles,
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    operation: 'getMetrics',
    tag,
    summary: 'the numbers that Prometheus reads',
    access: ['admin'],
    params: none,
    query: none,
    answers: {
      200: { description: 'the exposition format, version 0.0.4', contentType: 'text/plain' },
    },
    errors: [],
    handle: async (_call, { metrics, hub, overview, roleReports }) => ({
      text: await metrics.exposition({
        lastSeq: hub.lastSeq,
        overview: await overview(),
        reports: roleReports.current(),
      }),
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    }),
  }),
];
