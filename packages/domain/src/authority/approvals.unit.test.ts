import { describe, expect, test } from 'vitest';
import type { EventData } from '@writ/contracts';
import { specify } from '../decider.testkit.ts';
import {
  type Approval,
  type ApprovalsCommand,
  type ApprovalsState,
  approvals,
  MAX_STANDING_APPROVALS,
  readApproval,
  standingApproval,
} from './approvals.ts';
import { tenant, ToldWorld } from './world.fixture.ts';
import { worldFromLines, worldToLines } from './world-snapshot.ts';

const agentId = 'town:clerk';
const approvalId = '0b0e3c1a-0000-8000-8000-000000000001';
const nowMs = Date.parse('2026-11-20T12:00:00Z');
const expiresAt = '2026-11-20T13:00:00.000Z';
const endMs = Date.parse(expiresAt);
const hashOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

type Asked = EventData<'ApprovalRequested'>;
const asked: Asked = {
  approvalId,
  agentId,
  action: 'pay',
  resource: 'invoice:17',
  context: { amount: 900 },
  argumentsHash: hashOf('a'),
  requiredBy: [{ kind: 'policy', id: 'large-sums' }],
  approvalsNeeded: 1,
  expiresAt,
  requestedBy: 'clerkkey0001',
};
const requested = (more: Partial<Asked> = {}) =>
  ({ type: 'ApprovalRequested', data: { ...asked, ...more } }) as const;
const decided = (verdict: 'approved' | 'rejected', decidedBy = 'danakey00001') =>
  ({
    type: 'ApprovalDecided',
    data: { approvalId, agentId, verdict, reason: 'seen', decidedBy },
  }) as const;
const used = { type: 'ApprovalUsed', data: { approvalId, agentId, decisionId: 'd1' } } as const;
const expired = { type: 'ApprovalExpired', data: { approvalId, agentId } } as const;

const request = (more: Partial<Asked> = {}, timeMs = nowMs): ApprovalsCommand => {
  const { expiresAt: end, ...rest } = { ...asked, ...more };
  return { type: 'RequestApproval', request: rest, expiresAt: end, timeMs };
};
const judge = (
  verdict: 'approve' | 'reject',
  decidedBy = 'danakey00001',
  timeMs = nowMs,
): ApprovalsCommand => ({
  type: 'DecideApproval',
  approvalId,
  agentId,
  verdict,
  reason: 'seen',
  decidedBy,
  timeMs,
});
const use = (decisionId = 'd1', timeMs = nowMs, usedBy = 'clerkkey0001'): ApprovalsCommand => ({
  type: 'UseApproval',
  approvalId,
  agentId,
  decisionId,
  usedBy,
  timeMs,
});
const expire = (timeMs: number): ApprovalsCommand => ({
  type: 'ExpireApproval',
  approvalId,
  agentId,
  timeMs,
});
const the = specify(approvals);
const one = (state: ApprovalsState): Approval | undefined => state.approvals.get(approvalId);

describe('an approval is asked for', () => {
  test('once for the same arguments, while it stands', () => {
    the.given().when(request()).then(requested());
    the
      .given(requested())
      .when(request({ approvalId: 'other' }))
      .then();
    the
      .given(requested(), decided('approved'))
      .when(request({ approvalId: 'other' }))
      .then();
    the
      .given(requested(), decided('rejected'))
      .when(request({ approvalId: 'other' }))
      .then();
  });

  test('anew when it was used, and when its time is over though no event says so', () => {
    const again = { approvalId: 'second', expiresAt: '2026-11-20T15:00:00.000Z' };
    the.given(requested(), decided('approved'), used).when(request(again)).then(requested(again));
    the.given(requested()).when(request(again, endMs)).then(requested(again));
    the.given(requested(), decided('rejected')).when(request(again, endMs)).then(requested(again));
  });

  test('anew for other arguments, for what it was not asked for, and for more persons', () => {
    for (const changed of [
      { argumentsHash: hashOf('b') },
      { requiredBy: [...asked.requiredBy, { kind: 'grant' as const, id: 'g1' }] },
      { approvalsNeeded: 2 as const },
    ]) {
      const again = { approvalId: 'second', ...changed };
      the.given(requested()).when(request(again)).then(requested(again));
    }
  });

  test('no more when a hundred of the agent stand', () => {
    const many = Array.from({ length: MAX_STANDING_APPROVALS }, (_, i) =>
      requested({ approvalId: `a${i}`, argumentsHash: `sha256:${i}` }),
    );
    the
      .given(...many)
      .when(request())
      .thenThrows('APPROVALS_FULL');
    the
      .given(...many.slice(1))
      .when(request())
      .then(requested());
    the
      .given(...many)
      .when(request({ expiresAt: '2026-11-20T15:00:00.000Z' }, endMs))
      .then(requested({ expiresAt: '2026-11-20T15:00:00.000Z' }));
  });
});

describe('an approval is decided', () => {
  test('by one person where one is needed', () => {
    const state = the.given(requested()).when(judge('approve')).then(decided('approved'));
    expect(one(state)).toMatchObject({ status: 'approved', approvedBy: ['danakey00001'] });
  });

  test('by two different persons where two are needed', () => {
    const two = requested({ approvalsNeeded: 2 });
    const first = the.given(two).when(judge('approve')).then(decided('approved'));
    expect(one(first)?.status).toBe('pending');
    the.given(two, decided('approved')).when(judge('approve')).then();
    const second = the
      .given(two, decided('approved'))
      .when(judge('approve', 'erikkey00001'))
      .then(decided('approved', 'erikkey00001'));
    expect(one(second)?.status).toBe('approved');
  });

  test('never by the key that asked, which may take it back', () => {
    the
      .given(requested())
      .when(judge('approve', asked.requestedBy))
      .thenThrows('APPROVER_NOT_ALLOWED');
    the
      .given(requested())
      .when(judge('reject', asked.requestedBy))
      .then(decided('rejected', asked.requestedBy));
  });

  test('by one rejection, also after others approved, until it is used', () => {
    const given = the.given(requested(), decided('approved'));
    const state = given
      .when(judge('reject', 'erikkey00001'))
      .then(decided('rejected', 'erikkey00001'));
    expect(one(state)?.status).toBe('rejected');
    the
      .given(requested(), decided('approved'), used)
      .when(judge('reject', 'erikkey00001'))
      .thenThrows('APPROVAL_CLOSED');
  });

  test('once: said again by the same person it changes nothing, by another it is refused', () => {
    the.given(requested(), decided('rejected')).when(judge('reject')).then();
    the.given(requested(), decided('approved')).when(judge('approve')).then();
    the
      .given(requested(), decided('rejected'))
      .when(judge('approve', 'erikkey00001'))
      .thenThrows('APPROVAL_CLOSED');
  });

  test('not after its time, and not when nobody asked', () => {
    the
      .given(requested())
      .when(judge('approve', 'danakey00001', endMs))
      .thenThrows('APPROVAL_CLOSED');
    the
      .given(requested(), decided('approved'), expired)
      .when(judge('approve'))
      .thenThrows('APPROVAL_CLOSED');
    the.given().when(judge('approve')).thenThrows('APPROVAL_UNKNOWN');
  });
});

describe('an approval is used', () => {
  test('once, by the decision that used it again without effect', () => {
    the.given(requested(), decided('approved')).when(use()).then(used);
    the.given(requested(), decided('approved'), used).when(use()).then();
    the.given(requested(), decided('approved'), used).when(use('d2')).thenThrows('APPROVAL_CLOSED');
  });

  test('by no key that approved it, also where it is one of two', () => {
    the
      .given(requested(), decided('approved'))
      .when(use('d1', nowMs, 'danakey00001'))
      .thenThrows('APPROVER_NOT_ALLOWED');
    the
      .given(requested({ approvalsNeeded: 2 }), decided('approved'), decided('approved', 'erik'))
      .when(use('d1', nowMs, 'danakey00001'))
      .thenThrows('APPROVER_NOT_ALLOWED');
  });

  test('not before it is given, not after it was refused, not after its time', () => {
    the.given(requested()).when(use()).thenThrows('APPROVAL_CLOSED');
    the.given(requested(), decided('rejected')).when(use()).thenThrows('APPROVAL_CLOSED');
    the
      .given(requested(), decided('approved'))
      .when(use('d1', endMs))
      .thenThrows('APPROVAL_CLOSED');
  });
});

describe('an approval ends', () => {
  test('at its time, whether it was given or not, and once', () => {
    the
      .given(requested())
      .when(expire(endMs - 1))
      .then();
    the.given(requested()).when(expire(endMs)).then(expired);
    the.given(requested(), decided('approved')).when(expire(endMs)).then(expired);
    the.given(requested(), expired).when(expire(endMs)).then();
    the.given(requested(), decided('approved'), used).when(expire(endMs)).then();
    the.given().when(expire(endMs)).then();
  });

  test('and does not stand from then on, for nobody', () => {
    const state = the.given(requested()).when(judge('approve')).then(decided('approved'));
    expect(standingApproval(state, asked, endMs - 1)?.status).toBe('approved');
    expect(standingApproval(state, asked, endMs)).toBeUndefined();
    const other = { ...asked, argumentsHash: hashOf('b') };
    expect(standingApproval(state, other, nowMs)).toBeUndefined();
  });
});

describe('an answer', () => {
  const terms = { requiredBy: asked.requiredBy, needed: 1 as const, ttlSeconds: 60 };
  const about = { ...terms, argumentsHash: asked.argumentsHash, nowMs };
  const approved = the.given(requested()).when(judge('approve')).then(decided('approved'));
  const usedUp = the.given(requested(), decided('approved')).when(use()).then(used);

  test('rests on the approval that stands for its arguments, and on no other', () => {
    expect(readApproval(approved, about)).toEqual({
      approvalId,
      status: 'approved',
      argumentsHash: asked.argumentsHash,
      requiredBy: asked.requiredBy,
      approvedBy: ['danakey00001'],
      expiresAt,
    });
    expect(readApproval(approved, { ...about, argumentsHash: hashOf('b') })).toBeNull();
    expect(readApproval(approved, { ...about, needed: 2 })).toBeNull();
    expect(readApproval(approved, { ...about, nowMs: endMs })).toBeNull();
    expect(readApproval(undefined, about)).toBeNull();
  });

  const forTwo = requested({ approvalId: 'second', approvalsNeeded: 2 });

  test('rests on one that was given, and not on one that was asked for since', () => {
    const state = the.given(requested(), forTwo).when(judge('approve')).then(decided('approved'));
    expect(readApproval(state, about)).toMatchObject({ approvalId, status: 'approved' });
    expect(readApproval(state, { ...about, needed: 2 })?.approvalId).toBe('second');
    the.given(requested(), forTwo, decided('approved')).when(request()).then();
  });

  test('is refused by one rejection, whatever else was asked for or given', () => {
    const second = decided('approved');
    const given = ['danakey00001', 'erikkey00001'].map((decidedBy) => ({
      ...second,
      data: { ...second.data, approvalId: 'second', decidedBy },
    }));
    const state = the
      .given(requested(), forTwo, ...given)
      .when(judge('reject'))
      .then(decided('rejected'));
    expect(readApproval(state, about)).toMatchObject({ approvalId, status: 'rejected' });
    expect(readApproval(state, { ...about, needed: 2 })?.status).toBe('rejected');
  });

  test('rests on one for any of the grants that hold with an approval', () => {
    const requiredBy = [{ kind: 'grant' as const, id: 'g1' }];
    const state = the
      .given(requested({ requiredBy }))
      .when(judge('approve'))
      .then(decided('approved'));
    const easier = { ...about, requiredBy: [{ kind: 'grant' as const, id: 'g2' }] };
    expect(readApproval(state, easier)).toBeNull();
    expect(readApproval(state, { ...easier, grants: ['g1', 'g2'] })?.approvalId).toBe(approvalId);
    expect(readApproval(state, { ...easier, grants: ['g2', 'g3'] })).toBeNull();
  });

  test('may go on resting on one that its own decision has used, and no other may', () => {
    expect(readApproval(usedUp, about, { decisionId: 'd1' })?.status).toBe('approved');
    expect(readApproval(usedUp, about, { decisionId: 'd2' })).toBeNull();
    expect(readApproval(usedUp, about)).toBeNull();
  });

  test('that waited is told of the one whose time is over, others ask anew', () => {
    const over = { ...about, nowMs: endMs };
    expect(readApproval(approved, over, { waitedFor: approvalId })?.approvalId).toBe(approvalId);
    expect(readApproval(approved, over, { waitedFor: 'other' })).toBeNull();
    expect(readApproval(usedUp, over, { waitedFor: approvalId })).toBeNull();
  });
});

test('approvals are in the snapshots of a world as they are', () => {
  const told = new ToldWorld().agent(agentId);
  told
    .tell(requested())
    .tell(decided('approved'))
    .tell(requested({ approvalId: 'second' }));
  told.tell(used).tell({ ...expired, data: { ...expired.data, approvalId: 'second' } });
  expect(worldFromLines([...worldToLines(told.world)])).toEqual(told.world);
  expect(told.world.tenants.get(tenant)?.approvals.get(agentId)?.approvals.size).toBe(2);
});

test('what ended is forgotten, what stands is not, however many there were', () => {
  let state = approvals.initial();
  const fold = (event: Parameters<typeof approvals.evolve>[1]) => {
    state = approvals.evolve(state, event);
  };
  fold({ ...requested(), timeMs: nowMs });
  for (let i = 0; i < 1000; i++) {
    const id = { approvalId: `a${i}`, argumentsHash: `sha256:${i}` };
    fold({ ...requested(id), timeMs: nowMs });
    fold({ ...used, data: { ...used.data, approvalId: `a${i}` }, timeMs: nowMs });
  }
  expect(state.approvals.size).toBeLessThanOrEqual(2 * MAX_STANDING_APPROVALS);
  expect(one(state)?.status).toBe('pending');
});
