import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayLiteral, storable, storableText } from './columns.ts';

describe('arrays as Postgres reads them', () => {
  test.each([
    ['text', ['a', null, 'b"c\\d', ''], '{"a",NULL,"b\\"c\\\\d",""}'],
    ['bigint', [1, null, 2 ** 53 - 1], '{1,NULL,9007199254740991}'],
    ['boolean', [true, false], '{true,false}'],
    ['text[]', [['a', 'b,c'], []], '{"{\\"a\\",\\"b,c\\"}","{}"}'],
    ['jsonb', [{ a: 'x"y' }, null], '{"{\\"a\\":\\"x\\\\\\"y\\"}",NULL}'],
  ] as const)('a column of %s', (type, values, literal) => {
    expect(arrayLiteral(type, values)).toBe(literal);
  });
});

describe('text that Postgres can not store', () => {
  test('NUL and lone surrogates are replaced, everywhere within a value', () => {
    expect(storable({ 'a\0': ['b\ud800', { c: 'd\0' }], e: 1 })).toEqual({
      'a\u{fffd}': ['b\u{fffd}', { c: 'd\u{fffd}' }],
      e: 1,
    });
  });

  test('anything else stays the very same value', () => {
    const value = { a: ['b', { c: '🧭', d: null }], e: 1.5, f: true };
    expect(storable(value)).toBe(value);
  });

  test('replacing twice changes nothing more', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        const text = String.fromCharCode(...units);
        expect(storableText(storableText(text))).toBe(storableText(text));
      }),
    );
  });
});
