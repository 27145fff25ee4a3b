import { describe, expect, test } from 'vitest';
import { grantTerms, recorded } from '../recorded.fixture.ts';
import { countUse, evolveGrant } from './grants-projection.ts';

const issued = recorded({ type: 'GrantIssued', data: grantTerms }, { seq: 2 });
const { grantId, agentId } = grantTerms;
const revoke = (seq: number, reason: string | null) =>
  recorded(
    { type: 'GrantRevoked', data: { grantId, agentId, reason, revokedBy: 'k0admin000' } },
    { seq },
  );

describe('the row of a grant', () => {
  test('keeps its bounds as text and in milliseconds', () => {
    expect(evolveGrant(undefined, issued)).toMatchObject({
      status: 'active',
      not_before: null,
      from_ms: null,
      expires_at: '2027-02-01T00:00:00.000Z',
      until_ms: Date.UTC(2027, 1, 1),
      revoked_at: null,
      created_seq: 2,
      seq: 2,
    });
  });

  test('says who took it back and when, the first time', () => {
    const once = evolveGrant(evolveGrant(undefined, issued), revoke(5, 'no longer needed'));
    expect(evolveGrant(once, revoke(6, 'again'))).toMatchObject({
      status: 'revoked',
      revoked_by: 'k0admin000',
      revoked_at: '2027-01-04T09:00:05.000Z',
      revoke_reason: 'no longer needed',
      created_seq: 2,
    });
  });

  test('is not made when what was never granted is taken back', () => {
    expect(evolveGrant(undefined, revoke(5, null))).toBeUndefined();
  });

  test('counts its uses, and not those that were given back', () => {
    const use = { grantId, agentId, decisionId: grantId };
    const reserved = { ...use, usedBy: agentId, costMicros: null, tokens: null };
    const once = recorded({ type: 'GrantUseReserved', data: reserved }, { seq: 3 });
    const back = recorded({ type: 'GrantUseReleased', data: { ...use, reason: 'x' } }, { seq: 5 });
    const twice = countUse(countUse(evolveGrant(undefined, issued), once), once);
    expect(countUse(twice, back)).toMatchObject({ used: 1, seq: 5, created_seq: 2 });
    expect(evolveGrant(countUse(twice, back), revoke(6, null))?.used).toBe(1);
    expect(countUse(undefined, once)).toBeUndefined();
  });
});
