/** The HTTP server: its limits, its hooks, and nothing that a route decides. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { MAX_BODY_BYTES, WritError } from '@writ/contracts';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ApiDependencies } from '../dependencies.ts';
import { tokenAt } from '../reads/token.ts';
import { openGate } from './gate.ts';
import { echoableRequestId } from './headers.ts';
import { mount, noSuchRoute, sendError } from './mount.ts';
import { toProblem } from './problem.ts';
import type { Route } from './route.ts';

export type ServerLimits = {
  readonly connections: number;
  readonly inFlight: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
};

export const defaultLimits: ServerLimits = {
  connections: 1024,
  inFlight: 256,
  requestTimeoutMs: 30_000,
};

const hardening = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const;

export function createServer(
  routes: readonly Route[],
  dependencies: ApiDependencies,
  limits = defaultLimits,
): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: limits.requestTimeoutMs,
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) =>
      sendError(error, { request, reply, report: dependencies.reportFault }),
    clientErrorHandler: refuseConnection,
  });
  app.server.maxConnections = limits.connections;
  app.server.headersTimeout = limits.requestTimeoutMs;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('caller', undefined);
  addHooks(app, dependencies, limits);
  app.setErrorHandler((error, request, reply) =>
    sendError(error, { request, reply, report: dependencies.reportFault }),
  );
  app.setNotFoundHandler((request, reply) =>
    sendError(noSuchRoute(request), { request, reply, report: dependencies.reportFault }),
  );
  mount(app, routes, dependencies);
  return app;
}

const SWEEP_MS = 20;
const CLOSE_WITHIN_MS = 10_000;

/** Lets requests in flight finish, and closes every connection as soon as it is idle; what takes too long is cut. */
export async function closeServer(app: FastifyInstance): Promise<void> {
  // A connection that was busy when closing began would keep the server open until its client leaves.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_WITHIN_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}

function addHooks(app: FastifyInstance, dependencies: ApiDependencies, limits: ServerLimits): void {
  const { hub, events } = dependencies;
  const gate = openGate(limits.inFlight);
  app.addHook('onRequest', async (request, reply) => {
    observe(request, reply, dependencies);
    for (const [name, value] of Object.entries(hardening)) void reply.header(name, value);
    echoRequestId(request, reply);
    gate.enter(reply.raw);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('writ-token'))
      void reply.header('writ-token', tokenAt(events, hub.lastSeq));
  });
}

/** Client closed request: what nginx calls an answer that nobody waited for. */
const LEFT = 499;

/** Counts a request until its response is done or its client is gone. */
function observe(
  request: FastifyRequest,
  reply: FastifyReply,
  dependencies: ApiDependencies,
): void {
  dependencies.metrics.requestBegan();
  reply.raw.once('close', () =>
    dependencies.answered({
      operation: request.routeOptions.config.operation ?? 'unknown',
      status: reply.raw.writableFinished ? reply.raw.statusCode : LEFT,
      seconds: reply.elapsedTime / 1000,
      keyId: request.caller?.keyId,
    }),
  );
}

function echoRequestId(request: FastifyRequest, reply: FastifyReply): void {
  const given = echoableRequestId(request.headers);
  if (given !== undefined) void reply.header('x-request-id', given);
}

/** What is not HTTP is told so on the bare socket. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const refusal = slow
    ? new WritError('TIMEOUT', 'the request did not arrive in time; send it at once')
    : new WritError('HEADER_INVALID', 'the request is not valid HTTP/1.1');
  const [status, reason] = slow
    ? [408, 'Request Timeout']
    : error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : [400, 'Bad Request'];
  const body = JSON.stringify({ ...toProblem(refusal), status });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
