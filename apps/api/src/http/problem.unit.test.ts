import { errorCatalogue, type ErrorCode, WritError } from '@writ/contracts';
import { expect, test } from 'vitest';
import { errorAnswer, fromWire, refusedByServer, toProblem } from './problem.ts';

test.each(Object.keys(errorCatalogue) as ErrorCode[])(
  '%s is told as a problem with its status, title and code',
  (code) => {
    const told = toProblem(new WritError(code, 'why', { details: [{ path: 'a', message: 'b' }] }));
    expect(told).toEqual({
      type: `urn:writ:error:${code}`,
      title: errorCatalogue[code].title,
      status: errorCatalogue[code].status,
      detail: 'why',
      code,
      errors: [{ path: 'a', message: 'b' }],
    });
  },
);

test('AuthZEN gets the message alone, as a JSON string, and 400 for every bad request', () => {
  const answer = errorAnswer(new WritError('BODY_TOO_LARGE', 'too much'), 'message');
  expect(answer.status).toBe(400);
  expect(answer.contentType).toContain('application/json');
  expect(JSON.parse(answer.body)).toBe('too much');
});

test('a 401 says how to authenticate, and whether a key was refused', () => {
  expect(
    errorAnswer(new WritError('UNAUTHENTICATED', 'no key was presented'), 'problem').headers[
      'www-authenticate'
    ],
  ).toBe('Bearer realm="writ"');
  expect(
    errorAnswer(new WritError('UNAUTHENTICATED', 'the key was revoked'), 'problem').headers[
      'www-authenticate'
    ],
  ).toBe('Bearer realm="writ", error="invalid_token"');
});

test('what passes by itself says when to come again', () => {
  expect(errorAnswer(new WritError('STALE_STATE', 'behind'), 'problem').headers).toEqual({
    'retry-after': '1',
  });
  expect(errorAnswer(new WritError('OVERLOADED', 'full'), 'problem').headers).toEqual({
    'retry-after': '1',
  });
  expect(errorAnswer(new WritError('BODY_INVALID', 'bad'), 'problem').headers).toEqual({});
});

test('neither a cause nor a stack leaves with a problem', () => {
  const error = new WritError('INTERNAL', 'something of ours', {
    cause: new Error('at /secret/place.ts:1'),
  });
  const { body } = errorAnswer(error, 'problem');
  expect(body).not.toContain('secret');
  expect(Object.keys(JSON.parse(body) as object)).toEqual([
    'type',
    'title',
    'status',
    'detail',
    'code',
    'errors',
  ]);
});

test('what Fastify refuses before a handler has a code of ours', () => {
  expect(refusedByServer({ code: 'FST_ERR_CTP_BODY_TOO_LARGE' })?.code).toBe('BODY_TOO_LARGE');
  expect(refusedByServer({ code: 'FST_ERR_BAD_URL' })?.code).toBe('PATH_INVALID');
  expect(refusedByServer({ code: 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' })?.code).toBe(
    'BODY_MALFORMED',
  );
  expect(refusedByServer(new Error('other'))).toBeUndefined();
});

test('a code of a later release becomes an internal error that names it', () => {
  const error = fromWire('FROM_THE_FUTURE', 'no', []);
  expect(error.code).toBe('INTERNAL');
  expect(error.message).toContain('FROM_THE_FUTURE');
  expect(fromWire('GRANT_UNKNOWN', 'no grant').code).toBe('GRANT_UNKNOWN');
});
