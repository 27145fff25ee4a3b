import { WritError } from '@writ/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor, type ListIdentity } from './cursor.ts';

const list: ListIdentity = {
  list: 'agents',
  tenant: 'default',
  filters: { type: 'summary', limit: 50 },
};

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof WritError ? error.code : 'other';
  }
}

describe('cursors', () => {
  test('a place comes back as it was', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 63 }), (seq, ordinal) => {
        expect(decodeCursor(list, encodeCursor(list, { seq, ordinal }))).toEqual({ seq, ordinal });
      }),
    );
  });

  test('the size of a page and the order of filters do not matter', () => {
    const cursor = encodeCursor(list, { seq: 7, ordinal: 0 });
    expect(
      decodeCursor({ ...list, filters: { limit: 5, type: 'summary', owner: undefined } }, cursor)
        .seq,
    ).toBe(7);
  });

  test.each([
    ['another list', { ...list, list: 'grants' }],
    ['another tenant', { ...list, tenant: 'acme' }],
    ['another filter', { ...list, filters: { type: 'profile' } }],
  ])('a cursor of %s is refused', (_, other) => {
    const cursor = encodeCursor(other, { seq: 7, ordinal: 0 });
    expect(codeOf(() => decodeCursor(list, cursor))).toBe('CURSOR_INVALID');
  });

  test('anything made up is refused', () => {
    const cursor = encodeCursor(list, { seq: 7, ordinal: 0 });
    for (const text of [
      '',
      'x',
      cursor.slice(1),
      `${cursor}=`,
      `${cursor} `,
      Buffer.from('1/ff/7/0').toString('base64url'),
    ])
      expect(codeOf(() => decodeCursor(list, text))).toBe('CURSOR_INVALID');
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codeOf(() => decodeCursor(list, text))).toBe('CURSOR_INVALID');
      }),
    );
  });
});
