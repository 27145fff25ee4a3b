import type { ErrorCode } from '@writ/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import type { AgentStanding } from '../execution/facts.ts';
import { inherited } from './attenuation.ts';
import {
  activeGrant,
  type GrantsCommand,
  type GrantTerms,
  grants,
  type Lineage,
  MAX_HANDED_ON,
  revokedGrant,
} from './grants.ts';
import { instantOf } from './instant.ts';

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
const issue = (
  changed: Partial<GrantTerms> = {},
  standing: AgentStanding = 'active',
): GrantsCommand => ({
  type: 'IssueGrant',
  terms: { ...terms, ...changed },
  standing,
  timeMs: nowMs,
});
const revoke: GrantsCommand = { type: 'RevokeGrant', ...revokedData };
const the = specify(grants);

describe('the grants of an agent', () => {
  test('are issued once per id', () => {
    the.given().when(issue()).then(issued);
    the.given(issued).when(issue()).then();
  });

  test('are given to whoever is registered, stopped or not', () => {
    the.given().when(issue({}, 'suspended')).then(issued);
    the.given().when(issue({}, 'unknown')).thenThrows('AGENT_UNKNOWN');
    the.given().when(issue({}, 'retired')).thenThrows('AGENT_RETIRED');
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

  test('are revoked once', () => {
    the.given(issued).when(revoke).then(revoked);
    the.given(issued, revoked).when(revoke).then();
    the.given().when(revoke).thenThrows('GRANT_UNKNOWN');
  });

  test('that are revoked stay revoked when the same grant is issued again', () => {
    const state = the.given(issued, revoked).when(issue()).then();
    expect(state.grants.get(terms.grantId)?.status).toBe('revoked');
  });

  test('are what they were first, whatever a log says of the same id later', () => {
    const data: GrantTerms = { ...terms, actions: ['*'] };
    const wider = { type: 'GrantIssued', data } as const;
    const state = the.given(issued, revoked, wider).when(issue()).then();
    expect([...state.grants]).toMatchObject([{ actions: ['count'], status: 'revoked' }]);
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

describe('handing a grant on', () => {
  const parent = activeGrant({
    ...terms,
    actions: ['count', 'read_*'],
    notBefore: '2026-11-01T00:00:00.000Z',
    delegable: 2,
  });
  const child: GrantTerms = {
    ...terms,
    grantId: '0b0e3c1a-0000-8000-8000-000000000009',
    agentId: 'town:clerk',
    notBefore: parent.notBefore,
    parent: { grantId: parent.grantId, agentId: parent.agentId },
  };
  const handOn = (
    changed: Partial<GrantTerms> = {},
    lineage: Lineage = [parent],
    standings: { holder?: AgentStanding; standing?: AgentStanding } = {},
  ): GrantsCommand => ({
    type: 'DelegateGrant',
    terms: { ...child, ...changed },
    lineage,
    holder: 'active',
    standing: 'active',
    ...standings,
    timeMs: nowMs,
  });

  test('makes a grant of the recipient, once', () => {
    const made = { type: 'GrantIssued', data: child } as const;
    the.given().when(handOn()).then(made);
    the.given(made).when(handOn()).then();
    the
      .given()
      .when(handOn({ actions: ['read_a', 'read_b*', 'count'], delegable: 1 }))
      .then({
        type: 'GrantIssued',
        data: { ...child, actions: ['read_a', 'read_b*', 'count'], delegable: 1 },
      });
  });

  test.each<[string, Partial<GrantTerms>, string]>([
    ['actions.1', { actions: ['count', 'read*'] }, 'must be covered by one of `count`, `read_*`'],
    ['resources.0', { resources: ['*'] }, 'must be covered by `dataset:*`'],
    ['notBefore', { notBefore: null }, 'must not be before 2026-11-01T00:00:00.000Z'],
    ['expiresAt', { expiresAt: null }, 'must not be after 2027-01-01T00:00:00.000Z'],
    ['conditions.maxCostMicros', { conditions: { maxCostMicros: 6 } }, 'must be at most 5'],
    ['conditions.maxCostMicros', { conditions: {} }, 'must be at most 5'],
    ['delegable', { delegable: 2 }, 'must be less than 2'],
  ])('is refused where `%s` would be wider, with the bound', (path, changed, message) => {
    expect(() => grants.decide(grants.initial(), handOn(changed))).toThrow(
      expect.objectContaining({ code: 'GRANT_TOO_WIDE', details: [{ path, message }] }),
    );
  });

  test('is refused where the grant, or one it is from, does not hold or may not be handed on', () => {
    const refused = (...lineage: Lineage) =>
      the.given().when(handOn({}, lineage)).thenThrows('GRANT_NOT_DELEGABLE');
    refused({ ...parent, delegable: 0 });
    refused(revokedGrant(parent));
    refused(parent, revokedGrant(parent));
    refused(activeGrant({ ...parent, expiresAt: '2026-11-19T00:00:00.000Z' }));
  });

  test('is refused to who is suspended, to oneself, and where there is nobody to take it', () => {
    const refused = (code: ErrorCode, standings: object, changed: Partial<GrantTerms> = {}) =>
      the
        .given()
        .when(handOn(changed, [parent], standings))
        .thenThrows(code);
    refused('AGENT_SUSPENDED', { holder: 'suspended' });
    refused('BODY_INVALID', {}, { agentId: parent.agentId });
    refused('AGENT_UNKNOWN', { standing: 'unknown' });
    refused('AGENT_RETIRED', { standing: 'retired' });
  });

  test('takes the bounds and conditions that are not said from the grant', () => {
    const said = { notBefore: null, expiresAt: null, conditions: { maxUses: 3 } };
    expect(inherited(parent, said)).toEqual({
      notBefore: parent.notBefore,
      expiresAt: parent.expiresAt,
      conditions: { maxCostMicros: 5, maxUses: 3 },
    });
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

test('no agent is handed more grants than the bound; those that ended make room, those an admin gave need none', () => {
  const top = activeGrant({ ...terms, grantId: 'top', agentId: 'town:giver', delegable: 1 });
  const parent = { grantId: 'top', agentId: 'town:giver' };
  const handedOn = (n: number, more: Partial<GrantTerms> = {}) =>
    ({ type: 'GrantIssued', data: { ...terms, grantId: `g${n}`, parent, ...more } }) as const;
  const many = Array.from({ length: MAX_HANDED_ON }, (_, n) => handedOn(n));
  const next = handedOn(MAX_HANDED_ON);
  const handOn: GrantsCommand = {
    type: 'DelegateGrant',
    terms: next.data,
    lineage: [top],
    holder: 'active',
    standing: 'active',
    timeMs: nowMs,
  };
  const rest = many.slice(1);
  const ended = handedOn(0, { expiresAt: '2026-11-20T00:00:00.000Z' });
  const taken = { type: 'GrantRevoked', data: { ...revokedData, grantId: 'g0' } } as const;
  the
    .given(...many)
    .when(handOn)
    .thenThrows('GRANT_NOT_DELEGABLE');
  the
    .given(...many)
    .when({ ...handOn, terms: handedOn(0).data })
    .then();
  the
    .given(...many, taken)
    .when(handOn)
    .then(next);
  the
    .given(ended, ...rest)
    .when(handOn)
    .then(next);
  the
    .given(handedOn(0, { parent: null }), ...rest)
    .when(handOn)
    .then(next);
  the
    .given(...many)
    .when(issue())
    .then(issued);
});
