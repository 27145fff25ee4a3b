import { expect, test } from 'vitest';
import { GrantBook } from './grant-book.ts';
import { activeGrant, revokedGrant } from './grants.ts';

const grant = (n: number, actions: string[]) =>
  activeGrant({
    grantId: `g${n}`,
    agentId: 'reader',
    actions,
    resources: ['*'],
    notBefore: null,
    expiresAt: null,
    conditions: {},
    delegable: 0,
    parent: null,
    reason: null,
    issuedBy: 'k',
  });
const covering = (book: GrantBook, action: string): string[] => {
  const found: string[] = [];
  book.visit(action, ({ grantId, actions }) => {
    if (actions.some((one) => one === action || one === '*')) found.push(grantId);
  });
  return found;
};

test.each([3, 64, 65, 1000])('%s grants are found by id and by action, in order', (count) => {
  const book = new GrantBook();
  const expected: string[] = [];
  for (let n = 0; n < count; n++) {
    book.put(grant(n, [n % 10 === 0 ? '*' : `action-${n % 7}`]));
    if (n % 10 === 0 || n % 7 === 3) expected.push(`g${n}`);
    expect(covering(book, 'action-3')).toEqual(expected);
  }
  expect(book.size).toBe(count);
  expect(book.get('g1')?.grantId).toBe('g1');
  expect(book.get(`g${count}`)).toBeUndefined();
  book.put(revokedGrant(grant(1, ['action-1'])));
  expect(book.size).toBe(count);
  expect([...book][1]).toMatchObject({ grantId: 'g1', status: 'revoked' });
  expect(book.active).toEqual([...book].filter(({ grantId }) => grantId !== 'g1'));
  expect(covering(book, 'action-1')).toContain('g1');
});
