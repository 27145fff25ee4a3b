import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkBody, MAX_BODY_BYTES, MAX_BODY_DEPTH, parseJson, parseJsonText } from './body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a body', () => {
  test('of any JSON within the bounds is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (text) => {
        expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    ['an empty one', '', 'BODY_MALFORMED'],
    ['half of one', '{"a":', 'BODY_MALFORMED'],
    ['nesting of 5,000', '['.repeat(5000), 'BODY_TOO_DEEP'],
    [
      'one level too many',
      '['.repeat(MAX_BODY_DEPTH + 1) + ']'.repeat(MAX_BODY_DEPTH + 1),
      'BODY_TOO_DEEP',
    ],
    ['one byte too many', `"${'x'.repeat(MAX_BODY_BYTES)}"`, 'BODY_TOO_LARGE'],
  ])('%s is refused', (_what, text, code) => {
    expect(() => parseJson(bytes(text))).toThrow(expect.objectContaining({ code }));
  });

  test('that is not UTF-8 is refused', () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(
      expect.objectContaining({ code: 'BODY_MALFORMED' }),
    );
  });

  test('may hold brackets in its strings', () => {
    const text = JSON.stringify({ text: `${'['.repeat(500)}\\"{` });
    expect(parseJsonText(text)).toEqual(JSON.parse(text));
  });

  test('of the wrong shape is refused with the path of each problem', () => {
    const schema = z.strictObject({
      a: z.strictObject({ b: z.number() }),
      list: z.array(z.string()),
    });
    const wrong = { a: { b: 'x', c: 1 }, list: ['ok', 5], d: true };
    const refused = expect.objectContaining({
      code: 'BODY_INVALID',
      details: expect.arrayContaining(
        ['a.b', 'a.c', 'list.1', 'd'].map((path) => expect.objectContaining({ path })),
      ),
    });
    expect(() => checkBody(schema, wrong)).toThrow(refused);
  });
});
