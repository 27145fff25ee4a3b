/** The OpenAPI 3.1 document, made from the routes that the server mounts. */
import { type ErrorCode, errorCatalogue } from '@writ/contracts';
import { z } from 'zod';
import type { AnswerSpec, Route } from '../http/route.ts';
import { answers, bodies } from './components.ts';
import { jsonSchema, jsonSchemas, type JsonSchema, type NamedSchemas } from './schemas.ts';

export type OpenApiDocument = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
};

const UNNAMED = 'Unnamed';
const refTo = (name: string) => `#/components/schemas/${name}`;

const description = `Governance for AI agents: who may do what, what was done, and what came of it.

Every change is a command that becomes an event of the log; every list is a read model of that log. Answers carry
\`Writ-Token\`; give it as \`atLeast\` to read a state at least that fresh.`;

const tags: Readonly<Record<string, string>> = {
  permission: 'AuthZEN Authorization API 1.0',
  agents: 'registered agents and what concerns one of them',
  grants: 'who may do what to what, until when',
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
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
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
      schemas: { ...jsonSchemas(bodies, refTo), ...jsonSchemas(answers, refTo) },
    },
  };
}

function operationOf(route: Route): Record<string, unknown> {
  const parameters = [
    ...parametersIn('path', route.params),
    ...parametersIn('query', route.query),
    ...headersOf(route),
  ];
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.access === 'public'
      ? { security: [] }
      : { security: [{ apiKey: [] }], 'x-writ-roles': route.access }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: bodyOf(route.body) } : {}),
    responses: responsesOf(route),
  };
}

function parametersIn(place: 'path' | 'query', { shape }: z.ZodObject): unknown[] {
  return Object.entries(shape).map(([name, field]) => {
    const { description: text, ...schema } = jsonSchema(field as z.ZodType, 'input');
    const required = place === 'path' || !z.safeParse(field as z.ZodType, undefined).success;
    return {
      name,
      in: place,
      required,
      ...(text === undefined ? {} : { description: text }),
      schema,
    };
  });
}

function headersOf(route: Route): unknown[] {
  const id = { type: 'string', pattern: '^[A-Za-z0-9_:.-]{1,128}$' };
  if (route.command)
    return [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: false,
        description: 'makes a retry of the same command harmless',
        schema: id,
      },
      {
        name: 'Writ-Correlation-Id',
        in: 'header',
        required: false,
        description: 'is kept with the events',
        schema: id,
      },
    ];
  return route.operation === 'streamEvents'
    ? [
        {
          name: 'Last-Event-ID',
          in: 'header',
          required: false,
          description: 'goes on after this sequence',
          schema: { type: 'string' },
        },
      ]
    : [];
}

function bodyOf({ schema, required }: NonNullable<Route['body']>): unknown {
  return { required, content: { 'application/json': { schema: schemaOf(schema, bodies) } } };
}

/** A reference where the schema has a name, else the schema itself with references inside. */
function schemaOf(schema: z.ZodType, named: NamedSchemas): JsonSchema {
  const name = nameOf(schema, named);
  if (name !== undefined) return { $ref: refTo(name) };
  const all = jsonSchemas({ io: named.io, byName: { ...named.byName, [UNNAMED]: schema } }, refTo);
  return all[UNNAMED] ?? {};
}

function nameOf(schema: z.ZodType, { byName }: NamedSchemas): string | undefined {
  return Object.keys(byName).find((name) => byName[name] === schema);
}

function responsesOf(route: Route): Record<string, unknown> {
  const responses: Record<string, unknown> = {};
  for (const [status, answer] of Object.entries(route.answers))
    responses[status] = answerOf(answer);
  for (const [status, codes] of byStatus(codesOf(route)))
    responses[status] ??= refusalOf(codes, route);
  return responses;
}

function answerOf({ description: text, schema, contentType }: AnswerSpec): unknown {
  const headers = {
    'Writ-Token': {
      description: 'stands for the state that was read or made',
      schema: { type: 'string' },
    },
  };
  if (schema)
    return {
      description: text,
      headers,
      content: { 'application/json': { schema: schemaOf(schema, answers) } },
    };
  return {
    description: text,
    headers,
    content: { [contentType ?? 'text/plain']: { schema: { type: 'string' } } },
  };
}

/** Every code that a route may answer with. */
export function codesOf(route: Route): ErrorCode[] {
  const common: ErrorCode[] = ['QUERY_INVALID', 'OVERLOADED', 'INTERNAL'];
  if (Object.keys(route.params.shape).length > 0) common.push('PATH_INVALID');
  if (route.access !== 'public') common.push('UNAUTHENTICATED', 'NOT_ALLOWED');
  return [...new Set([...common, ...route.errors])];
}

function byStatus(codes: readonly ErrorCode[]): [string, ErrorCode[]][] {
  const groups = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(errorCatalogue[code].status);
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return [...groups].sort(([a], [b]) => Number(a) - Number(b));
}

function refusalOf(codes: readonly ErrorCode[], route: Route): unknown {
  const text = codes.map((code) => `\`${code}\``).join(', ');
  const content =
    route.errorStyle === 'message'
      ? { 'application/json': { schema: { type: 'string' } } }
      : { 'application/problem+json': { schema: { $ref: refTo('Problem') } } };
  return { description: text, 'x-writ-codes': codes, content };
}
