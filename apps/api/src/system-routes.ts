/** Routes about the API itself: is it alive, is it ready, what it measures. */
import { WritError } from '@writ/contracts';
import { z } from 'zod';
import { none } from './http/parameters.ts';
import { route, type Route } from './http/route.ts';

const tag = 'system';

const readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  troubles: z.array(z.object({ part: z.string(), message: z.string() })),
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
    summary: 'says whether the API can do its work: NATS, Postgres, keys, read models',
    access: 'public',
    params: none,
    query: none,
    answers: {
      200: { description: 'ready', schema: readiness },
      503: { description: 'not ready, and why', schema: readiness },
    },
    errors: [],
    handle: async (_call, { troubles }) => {
      const found = await troubles();
      return {
        status: found.length === 0 ? 200 : 503,
        body: { status: found.length === 0 ? 'ready' : 'not_ready', troubles: found },
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
    handle: async (_call, { metrics, hub, readSide }) => {
      const lags = await readSide.lags(hub.lastSeq).catch((thrown: unknown) => {
        if (thrown instanceof WritError) return new Map<string, number>();
        throw thrown;
      });
      return {
        text: await metrics.exposition({ lastSeq: hub.lastSeq, lags }),
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
      };
    },
  }),
];
