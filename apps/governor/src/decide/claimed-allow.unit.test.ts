import type { GovernorOrder, WritEvent } from '@writ/contracts';
import { expect, test, vi } from 'vitest';
import type { Claimed } from '../claims/commander-path.ts';
import { grantOf, ManualDesk } from './manual-desk.fixture.ts';

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
