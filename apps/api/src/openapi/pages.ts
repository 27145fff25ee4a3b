/** `/openapi.json` and the page at `/docs`, which loads nothing from anywhere else. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { OpenApiDocument } from './document.ts';

/** Everything from this host; the page styles itself with inline styles. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Registers both; they need no key, they hold nothing of any tenant. */
export async function registerPages(
  app: FastifyInstance,
  document: OpenApiDocument,
): Promise<void> {
  const text = JSON.stringify(document);
  app.get('/openapi.json', { config: { operation: 'getOpenApi' } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(text),
  );
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: pagePolicy,
    theme: { title: 'Writ API' },
    uiConfig: {
      deepLinking: true,
      docExpansion: 'none',
      persistAuthorization: false,
      supportedSubmitMethods: ['get', 'post', 'delete'],
    },
    uiHooks: {},
  });
}
