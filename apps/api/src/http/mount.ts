/** Puts the routes on a Fastify instance: who may come in, what is read of a request, how answers and errors leave. */
import type { KeyRecord } from '@writ/bus';
import { toWritError, WritError } from '@writ/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticate } from '../auth/authenticate.ts';
import { refuseRole } from '../auth/scope.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { errorAnswer, refusedByServer } from './problem.ts';
import type { Answer, ErrorStyle, Route } from './route.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly operation?: string;
    readonly errorStyle?: ErrorStyle;
  }
  interface FastifyRequest {
    caller: KeyRecord | undefined;
  }
}

/** Who may come in is settled before the body is read. */
export function mount(
  app: FastifyInstance,
  routes: readonly Route[],
  dependencies: ApiDependencies,
): void {
  for (const route of routes) {
    app.route({
      method: route.method,
      url: fastifyPath(route.path),
      config: { operation: route.operation, errorStyle: route.errorStyle ?? 'problem' },
      // A load balancer may look with HEAD; what needs a key is read with GET.
      exposeHeadRoute: route.access === 'public' && route.method === 'GET',
      onRequest: async (request) => {
        if (route.access === 'public') return;
        request.caller = authenticate(request.headers, dependencies.keyring, dependencies.nowMs());
        refuseRole(request.caller, route.access);
      },
      handler: async (request, reply) => {
        const answer = await route.handle(
          {
            caller: request.caller,
            params: request.params,
            query: request.query,
            headers: request.headers,
            contentType: request.headers['content-type'],
            body: request.body instanceof Uint8Array ? request.body : EMPTY,
          },
          dependencies,
        );
        return sendAnswer(reply, request, answer);
      },
    });
  }
}

const EMPTY = new Uint8Array();

/** `/v1/agents/{agentId}` as the router writes it. */
export function fastifyPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function sendAnswer(reply: FastifyReply, request: FastifyRequest, answer: Answer): FastifyReply {
  if ('stream' in answer) {
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    answer.stream(reply.raw, request.raw);
    return reply;
  }
  if ('text' in answer) return reply.type(answer.contentType).send(answer.text);
  for (const [name, value] of Object.entries(answer.headers ?? {})) void reply.header(name, value);
  if (answer.token !== undefined) void reply.header('writ-token', answer.token);
  return reply
    .status(answer.status ?? 200)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(answer.body));
}

/** Answers what was thrown; what nobody foresaw is reported, and told without its insides. */
export function sendError(
  thrown: unknown,
  {
    request,
    reply,
    report,
  }: { request: FastifyRequest; reply: FastifyReply; report: ApiDependencies['reportFault'] },
): void {
  const error = refusedByServer(thrown) ?? toWritError(thrown);
  const operation = request.routeOptions.config.operation ?? 'unknown';
  if (error.code === 'INTERNAL') report(error, operation);
  const answer = errorAnswer(error, request.routeOptions.config.errorStyle ?? 'problem');
  for (const [name, value] of Object.entries(answer.headers)) void reply.header(name, value);
  void reply.status(answer.status).type(answer.contentType).send(answer.body);
}

export function noSuchRoute(request: Pick<FastifyRequest, 'method' | 'url'>): WritError {
  const path = (request.url.split('?')[0] ?? '').slice(0, 200);
  return new WritError(
    'NOT_FOUND',
    `there is no \`${request.method} ${path}\`; the routes are listed at /docs`,
  );
}
