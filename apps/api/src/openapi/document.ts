/** The OpenAPI 3.1 document, made from the routes that the server mounts. */
import type { z } from 'zod';
import type { Route } from '../http/route.ts';
import { answers, bodies } from './components.ts';
import { operationOf } from './operation.ts';
import { schemaBook } from './schema-book.ts';

export type OpenApiDocument = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
};

const description = `Governance for AI agents: who may do what, what was done, and what came of it.

Every change is a command that becomes an event of the log; every list is a read model of that log. Answers carry
\`Writ-Token\`; give it as \`atLeast\` to read a state at least that fresh.`;

const tags: Readonly<Record<string, string>> = {
  permission: 'AuthZEN Authorization API 1.0',
  agents: 'registered agents and what concerns one of them',
  grants: 'who may do what to what, until when',
  approvals: 'what agents ask persons to let them do, exactly that and once',
  policies: 'sets of policies that narrow what grants allow',
  decisions: 'what was asked and how it was decided',
  executions: 'what agents did',
  feedback: 'how agents were rated',
  keys: 'API keys',
  events: 'the log',
  'dead-letters': 'durable commands that could not be done',
  system: 'the API itself',
};

export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const books = {
    bodies: schemaBook(
      bodies,
      routes.flatMap(({ body }) => (body ? [body.schema] : [])),
    ),
    answers: schemaBook(answers, routes.flatMap(answerSchemas)),
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route, books);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Writ',
      version: '1.0.0',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'an API key, `writ_<key>_<secret>`',
        },
      },
      schemas: { ...books.bodies.components, ...books.answers.components },
    },
  };
}

function answerSchemas({ answers: specs }: Route): z.ZodType[] {
  return Object.values(specs).flatMap(({ schema }) => (schema ? [schema] : []));
}
