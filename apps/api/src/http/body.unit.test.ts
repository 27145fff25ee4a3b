import { expect, test } from 'vitest';
import { readJson, readOptionalJson, withPathParts } from './body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const json = 'application/json';

test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
  '`%s` is JSON',
  (contentType) => {
    expect(readJson({ contentType, body: bytes('{"a":1}') })).toEqual({ a: 1 });
  },
);

test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
  '`%s` is not JSON',
  (contentType) => {
    expect(() => readJson({ contentType, body: bytes('{}') })).toThrow(
      expect.objectContaining({ code: 'HEADER_INVALID' }),
    );
  },
);

test('an empty body is malformed where one is needed, and nothing where not', () => {
  expect(() => readJson({ contentType: json, body: bytes('') })).toThrow(
    expect.objectContaining({ code: 'BODY_MALFORMED' }),
  );
  expect(readOptionalJson({ contentType: undefined, body: bytes('') })).toEqual({});
});

test('the path joins the body', () => {
  expect(
    JSON.parse(new TextDecoder().decode(withPathParts({ reason: 'why' }, { agentId: 'a:b' }))),
  ).toEqual({ reason: 'why', agentId: 'a:b' });
});

test('a body that contradicts the path is refused by the name of the property', () => {
  expect(() => withPathParts({ agentId: 'x' }, { agentId: 'a:b' })).toThrow(
    expect.objectContaining({
      code: 'BODY_INVALID',
      details: [{ path: 'agentId', message: 'must be `a:b`, as in the path, or left out' }],
    }),
  );
});

test.each([[[]], ['text'], [null], [3]])('%j can not be joined with a path', (body) => {
  expect(() => withPathParts(body, { agentId: 'a' })).toThrow(
    expect.objectContaining({ code: 'BODY_INVALID' }),
  );
});
