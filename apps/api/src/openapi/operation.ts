/** One route as an operation of the OpenAPI document. */
import type { ErrorCode } from '@writ/contracts';
import { z } from 'zod';
import type { AnswerSpec, Route } from '../http/route.ts';
import { codesByStatus, codesOf } from './codes.ts';
import { refTo, type SchemaBook } from './schema-book.ts';
import { jsonSchema } from './schemas.ts';

export type Books = { readonly bodies: SchemaBook; readonly answers: SchemaBook };

export function operationOf(route: Route, books: Books): Record<string, unknown> {
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
    ...(route.body ? { requestBody: bodyOf(route.body, books) } : {}),
    responses: responsesOf(route, books),
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

type HeaderWords = { readonly name: string; readonly text: string; readonly schema: object };

const clientId = { type: 'string', pattern: '^[A-Za-z0-9_:.-]{1,128}$' };
const commandHeaders: readonly HeaderWords[] = [
  { name: 'Idempotency-Key', text: 'makes a retry of the same command harmless', schema: clientId },
  { name: 'Writ-Correlation-Id', text: 'is kept with the events', schema: clientId },
];
const streamHeaders: readonly HeaderWords[] = [
  { name: 'Last-Event-ID', text: 'goes on after this sequence', schema: { type: 'string' } },
];

function headersOf({ command, operation }: Route): unknown[] {
  const headers = command ? commandHeaders : operation === 'streamEvents' ? streamHeaders : [];
  return headers.map(({ name, text, schema }) => ({
    name,
    in: 'header',
    required: false,
    description: text,
    schema,
  }));
}

function bodyOf({ schema, required }: NonNullable<Route['body']>, { bodies }: Books): unknown {
  return { required, content: { 'application/json': { schema: bodies.schemaOf(schema) } } };
}

function responsesOf(route: Route, books: Books): Record<string, unknown> {
  const responses: Record<string, unknown> = {};
  for (const [status, answer] of Object.entries(route.answers))
    responses[status] = answerOf(answer, books);
  for (const [status, codes] of codesByStatus(codesOf(route)))
    responses[status] ??= refusalOf(codes, route);
  return responses;
}

const tokenHeader = {
  'Writ-Token': {
    description: 'stands for the state that was read or made',
    schema: { type: 'string' },
  },
};

function answerOf({ description, schema, contentType }: AnswerSpec, { answers }: Books): unknown {
  const content = schema
    ? { 'application/json': { schema: answers.schemaOf(schema) } }
    : { [contentType ?? 'text/plain']: { schema: { type: 'string' } } };
  return { description, headers: tokenHeader, content };
}

function refusalOf(codes: readonly ErrorCode[], { errorStyle }: Route): unknown {
  const content =
    errorStyle === 'message'
      ? { 'application/json': { schema: { type: 'string' } } }
      : { 'application/problem+json': { schema: { $ref: refTo('Problem') } } };
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    'x-writ-codes': codes,
    content,
  };
}
