import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { type GrantsCommand, type GrantTerms, grants, instantOf } from './grants.ts';

const terms: GrantTerms = {
  grantId: '0b0e3c1a-0000-8000-8000-000000000001',
  agentId: 'town:counter',
  actions: ['count'],
  resources: ['dataset:*'],
  notBefore: null,
  expiresAt: '2027-01-01T00:00:00.000Z',
  conditions: { maxCostMicros: 5 },
  delegable: 0,
  parent: null,
  reason: null,
  issuedBy: 'key0000001',
};
const nowMs = Date.parse('2026-11-20T00:00:00Z');
const issued = { type: 'GrantIssued', data: terms } as const;
const revokedData = {
  grantId: terms.grantId,
  agentId: terms.agentId,
  reason: 'over',
  revokedBy: 'key0000001',
};
const revoked = { type: 'GrantRevoked', data: revokedData } as const;
const issue = (changed: Partial<GrantTerms> = {}): GrantsCommand => ({
  type: 'IssueGrant',
  terms: { ...terms, ...changed },
  timeMs: nowMs,
});
const revoke: GrantsCommand = { type: 'RevokeGrant', ...revokedData };
const the = specify(grants);

describe('the grants of an agent', () => {
  test('are issued once per id', () => {
    the.given().when(issue()).then(issued);
    the.given(issued).when(issue()).then();
  });

  test('that would never hold are refused', () => {
    the
      .given()
      .when(issue({ expiresAt: '2026-11-19T00:00:00.000Z' }))
      .thenThrows('GRANT_EXPIRED');
    the
      .given()
      .when(issue({ notBefore: terms.expiresAt }))
      .thenThrows('GRANT_EXPIRED');
  });

  test('with a condition nobody enforces are refused, for a grant must never be wider than it says', () => {
    for (const conditions of [
      { window: { limit: 1, seconds: 1 } },
      { budget: { seconds: 60, tokens: 1 } },
      { requireApproval: true },
    ])
      the.given().when(issue({ conditions })).thenThrows('CONDITION_UNSUPPORTED');
  });

  test('are revoked once', () => {
    the.given(issued).when(revoke).then(revoked);
    the.given(issued, revoked).when(revoke).then();
    the.given().when(revoke).thenThrows('GRANT_UNKNOWN');
  });

  test('that are revoked stay revoked when the same grant is issued again', () => {
    const state = the.given(issued, revoked).when(issue()).then();
    expect(state.grants.get(terms.grantId)?.status).toBe('revoked');
  });

  test('all end together', () => {
    const { agentId, reason, revokedBy } = revokedData;
    const all: GrantsCommand = { type: 'RevokeAllGrants', agentId, reason, revokedBy };
    const other = {
      type: 'GrantIssued',
      data: { ...terms, grantId: '0b0e3c1a-0000-8000-8000-000000000002' },
    } as const;
    the
      .given(issued, revoked, other)
      .when(all)
      .then({ type: 'GrantRevoked', data: { ...revokedData, grantId: other.data.grantId } });
  });
});

test('an instant is the same number that the calendar of the platform gives', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      (date) => {
        expect(instantOf(date.toISOString())).toBe(date.getTime());
      },
    ),
  );
});
