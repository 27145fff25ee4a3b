import { describe, expect, test } from 'vitest';
import { recorded } from '../recorded.fixture.ts';
import { evolveKey } from './keys-projection.ts';

const created = recorded(
  {
    type: 'KeyCreated',
    data: {
      keyId: 'k0123456789',
      name: 'worker',
      role: 'agent',
      agents: ['worker'],
      expiresAt: '2027-02-01T00:00:00.000Z',
      secretHash: 'ab'.repeat(32),
    },
  },
  { seq: 2 },
);
const revoke = (seq: number) =>
  recorded({ type: 'KeyRevoked', data: { keyId: 'k0123456789', reason: 'lost' } }, { seq });

describe('the row of a key', () => {
  test('has nothing of the secret', () => {
    expect(JSON.stringify(evolveKey(undefined, created))).not.toContain('abab');
  });

  test('says when it ends, and who revoked it first', () => {
    const row = evolveKey(evolveKey(undefined, created), revoke(4));
    expect(evolveKey(row, revoke(5))).toBe(row);
    expect(row).toMatchObject({
      status: 'revoked',
      until_ms: Date.UTC(2027, 1, 1),
      revoked_by: 'k0operator',
      revoked_at: '2027-01-04T09:00:04.000Z',
      revoke_reason: 'lost',
    });
  });

  test('is not made when a key that never was is revoked', () => {
    expect(evolveKey(undefined, revoke(4))).toBeUndefined();
  });
});
