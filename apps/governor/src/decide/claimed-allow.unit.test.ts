import type { EventData, GovernorOrder, WritEvent } from '@writ/contracts';
import { policyDigest } from '@writ/policy';
import { expect, test, vi } from 'vitest';
import type { Claimed } from '../claims/commander-path.ts';
import { grantOf, ManualDesk, startMs } from './manual-desk.fixture.ts';

const limitedGrant = grantOf({ conditions: { maxUses: 2 } });
const reservedBy = (decisionId: string): WritEvent => ({
  type: 'GrantUseReserved',
  data: {
    grantId: 'g2',
    agentId: 'reader',
    decisionId,
    usedBy: 'reader',
    costMicros: null,
    tokens: null,
  },
});
const write = { action: { name: 'write' } };

test('an allow that rests on a claim is given when it is made, under the id that was claimed', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  const orders: GovernorOrder[] = [];
  const { promise, resolve } = Promise.withResolvers<Claimed>();
  manual.claim = (order) => {
    orders.push(order);
    return promise;
  };
  const asked = manual.ask(write);
  expect(asked.reply).toBeUndefined();
  resolve({ claimed: true, seq: 5 });
  await vi.waitFor(() => expect(asked.reply?.decision).toBe(true));
  expect(orders).toEqual([
    {
      verb: 'reserve-use',
      body: {
        agentId: 'reader',
        decisionId: asked.reply?.context.decisionId,
        grants: [{ grantId: 'g2', agentId: 'reader' }],
        costMicros: null,
        tokens: null,
      },
    },
  ]);
});

test('a claim that others made first is decided again on the state that shows it', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => Promise.resolve({ claimed: false, seq: 6 });
  const asked = manual.ask(write);
  manual.tell(reservedBy('d1'));
  await manual.pass(0);
  expect(asked.reply).toBeUndefined();
  manual.tell(reservedBy('d2'));
  await vi.waitFor(() => expect(asked.reply?.context.code).toBe('LIMIT_REACHED'));
  expect(asked.reply?.context.seq).toBe(6);
});

test('a claim in doubt is a deny, and so is one that is never granted', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => Promise.reject(new Error('no answer'));
  const doubtful = manual.ask(write);
  await vi.waitFor(() => expect(doubtful.reply?.context.code).toBe('LOG_UNAVAILABLE'));
  manual.claim = () => Promise.resolve({ claimed: false, seq: 1 });
  const endless = manual.ask(write);
  await vi.waitFor(() => expect(endless.reply?.context.code).toBe('LOG_UNAVAILABLE'));
});

test('a question of a list that comes after one that was waited for is denied when there is doubt by then', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => {
    manual.skewed = true;
    return Promise.reject(new Error('no answer'));
  };
  const asked = manual.askAll([write, { action: { name: 'read' } }], {
    evaluations_semantic: 'permit_on_first_permit',
  });
  await vi.waitFor(() => expect(asked.codes).toEqual(['LOG_UNAVAILABLE', 'CLOCK_SKEW']));
});

test('a clock that goes wrong while something is claimed denies', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  manual.claim = () => {
    manual.skewed = true;
    return Promise.resolve({ claimed: false, seq: 1 });
  };
  const asked = manual.ask(write);
  await vi.waitFor(() => expect(asked.reply?.context.code).toBe('CLOCK_SKEW'));
});

const meanwhile: [string, WritEvent[], string][] = [
  [
    'a suspension',
    [{ type: 'AgentSuspended', data: { agentId: 'reader', reason: null } }],
    'AGENT_SUSPENDED',
  ],
  [
    'a revoked key',
    [{ type: 'KeyRevoked', data: { keyId: 'k0admin0000', reason: null } }],
    'KEY_REVOKED',
  ],
  [
    'a kill switch',
    [
      {
        type: 'KillSwitchEngaged',
        data: { scope: { kind: 'agent', id: 'reader' }, reason: 'odd' },
      },
    ],
    'KILL_SWITCH',
  ],
  [
    'a revoked grant',
    [
      {
        type: 'GrantRevoked',
        data: { grantId: 'g2', agentId: 'reader', reason: null, revokedBy: 'k' },
      },
    ],
    'NO_GRANT',
  ],
  [
    'another grant that is revoked',
    [
      {
        type: 'GrantRevoked',
        data: { grantId: 'g1', agentId: 'reader', reason: null, revokedBy: 'k' },
      },
    ],
    'allowed',
  ],
  ['its own claims', [reservedBy('d1'), reservedBy('d2')], 'allowed'],
];
test.each(meanwhile)(
  '%s that is seen while an allow is claimed counts: %#',
  async (_what, events, code) => {
    const manual = new ManualDesk();
    manual.tell(limitedGrant);
    manual.claim = () => {
      for (const event of events) manual.tell(event);
      return Promise.resolve({ claimed: true, seq: 5 });
    };
    const asked = manual.ask(write);
    await vi.waitFor(() => expect(asked.reply).toBeDefined());
    const { decision, context } = asked.reply ?? {};
    expect(decision ? 'allowed' : context?.code).toBe(code);
    await manual.pass(0);
    const [record] = manual.appended.flatMap((body) => JSON.parse(body) as object[]);
    expect(record).toMatchObject({ code: decision ? null : code, inputs: { seq: context?.seq } });
  },
);

const revoked = (grantId: string): WritEvent => ({
  type: 'GrantRevoked',
  data: { grantId, agentId: 'reader', reason: null, revokedBy: 'k' },
});
const approvalId = '01a1f925-c3c0-7649-9059-5576eaa83ccc';

/** What a request for an approval comes to in the log, and a person who gives it. */
function approved({ body }: GovernorOrder): WritEvent[] {
  const { ttlSeconds: _, ...asked } = body as EventData<'ApprovalRequested'> & {
    ttlSeconds: number;
  };
  const expiresAt = new Date(startMs + 60_000).toISOString();
  const data = { ...asked, approvalId, expiresAt, requestedBy: 'k0admin0000' };
  const given = { agentId: 'reader', verdict: 'approved' as const, reason: null, decidedBy: 'k0p' };
  return [
    { type: 'ApprovalRequested', data },
    { type: 'ApprovalDecided', data: { approvalId, ...given } },
  ];
}

test('an allow does not go over to a grant that never held for it while its approval is used', async () => {
  const manual = new ManualDesk();
  const requireApproval = true;
  const terms = { maxCostMicros: 1000, requireApproval };
  manual.tell(grantOf({ grantId: 'g2', conditions: terms }));
  manual.tell(grantOf({ grantId: 'g3', conditions: { ...terms, maxCostMicros: 10 } }));
  const verbs: string[] = [];
  manual.claim = (order) => {
    verbs.push(order.verb);
    const told = order.verb === 'request-approval' ? approved(order) : [revoked('g2')];
    for (const event of told) manual.tell(event);
    return Promise.resolve({ claimed: true, seq: 5 });
  };
  const costly = { ...write, context: { estimatedCostMicros: 500 } };
  const first = manual.ask(costly);
  await vi.waitFor(() => expect(first.reply?.context.outcome).toBe('require_approval'));
  const second = manual.ask(costly);
  await vi.waitFor(() => expect(second.reply?.context.code).toBe('LIMIT_REACHED'));
  expect(verbs).toEqual(['request-approval', 'use-approval']);
});

test('an allow does not outlive the trust that it needs while its uses are reserved', async () => {
  const manual = new ManualDesk();
  const policies = {
    trusted: 'forbid (principal, action, resource) unless { principal.trust >= 100 };',
  };
  const digest = policyDigest('cedar', policies);
  manual.tell({
    type: 'PoliciesPublished',
    data: { version: '1', engine: 'cedar', policies, digest, note: null },
  });
  manual.tell({ type: 'PoliciesActivated', data: { version: '1', digest, superseded: null } });
  manual.tell(limitedGrant);
  let claims = 0;
  manual.claim = () => {
    claims += 1;
    const data = { feedbackId: 'f', agentId: 'reader', executionId: null, comment: null };
    const bad = { rating: 0, source: 'human', rater: 'usr_dana', severity: 'major' } as const;
    manual.tell({ type: 'FeedbackGiven', data: { ...data, ...bad } });
    return Promise.resolve({ claimed: true, seq: 5 });
  };
  const asked = manual.ask(write);
  await vi.waitFor(() => expect(asked.reply?.context.code).toBe('TRUST_TOO_LOW'));
  expect(claims).toBe(1);
});

test('an allow does not outlive the schema that its question was read by', async () => {
  const manual = new ManualDesk();
  manual.tell(limitedGrant);
  const seqs: number[] = [];
  manual.claim = () => {
    seqs.push(manual.state.world.seq);
    if (seqs.length > 1) return Promise.resolve({ claimed: true, seq: 5 });
    const schema = { version: '1', engine: 'cedar' as const, schema: null, note: null };
    manual.tell({ type: 'SchemaPublished', data: { ...schema, digest: 'sha256:s' } });
    return Promise.resolve({ claimed: true, seq: 5 });
  };
  const asked = manual.ask(write);
  await vi.waitFor(() => expect(asked.reply).toBeDefined());
  expect([seqs.length, asked.reply?.context.seq]).toEqual([2, manual.state.world.seq]);
});
