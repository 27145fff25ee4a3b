/** Approvals over four governors and two commanders: what a person lets pass, once, and what nobody does. */
import { openStreamReader, type StoredEvent } from '@writ/bus';
import { decisionBatch } from '@writ/contracts';
import { redecide } from '@writ/domain';
import { openCedar, policyDigest } from '@writ/policy';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN, GovernedCell } from './governed-cell.fixture.ts';

const policies = {
  large: '@outcome("require_approval") forbid (principal, action == Action::"pay", resource);',
  wires:
    '@outcome("require_approval") @approvals("2") forbid (principal, action == Action::"wire", resource);',
  brief:
    '@outcome("require_approval") @approvalTtl("2") forbid (principal, action == Action::"peek", resource);',
  // Long enough to be approved in time, however busy the machine is.
  short:
    '@outcome("require_approval") @approvalTtl("8") forbid (principal, action == Action::"look", resource);',
};
const PATIENT = { withinMs: 30_000 };
/** Longer than any answer is waited for here: who gets one has not waited for the time to pass. */
const LONG_MS = 60_000;

let cell: GovernedCell;
let dana = '';
let erik = '';

async function adminKey(name: string): Promise<string> {
  const { result } = await cell.done('tenancy.create-key', { name, role: 'admin' });
  return String(result['keyId']);
}

async function activate(set: Readonly<Record<string, string>>): Promise<string> {
  const { result } = await cell.done('authority.publish-policies', { policies: set });
  return (await cell.done('authority.activate-policies', { version: result['version'] })).token;
}

beforeAll(async () => {
  cell = await GovernedCell.start({ commanders: 2, governors: 4 });
  [dana, erik] = await Promise.all([adminKey('dana'), adminKey('erik')]);
  await activate(policies);
});
afterAll(() => cell?.stop());

/** An agent of its own that may do everything, as far as policies let it; asked about one invoice. */
async function clerk(agentId: string, action = 'pay', conditions: object = {}) {
  await cell.register(agentId);
  const more = { actions: ['*'], resources: ['*'] };
  let { token } = await cell.grant(agentId, conditions, more);
  const about = { action: { name: action }, resource: { type: 'invoice', id: '17' } };
  type Asked = { wait?: number; context?: object; key?: string };
  const ask = async ({ wait = 0, key = ADMIN, ...changed }: Asked = {}) => {
    const options = { atLeast: token, waitForApprovalMs: wait };
    const { decision, context } = await cell.ask(agentId, { ...about, ...changed, options }, key);
    const { outcome, code, approvalId = '' } = context;
    return { decision, said: code ?? outcome, approvalId, context };
  };
  const say = async (verdict: 'approve' | 'reject', approvalId: string, key = dana) => {
    const body = { approvalId, verdict, reason: 'looked at it' };
    const reply = await cell.done('authority.decide-approval', body, key);
    token = reply.token;
    return String(reply.result['status']);
  };
  const does = async (verb: string, body: object) => {
    token = (await cell.done(verb, body)).token;
  };
  const eventsOf = <T extends StoredEvent['type']>(type: T) => cell.eventsOf(agentId, type);
  return { ask, say, does, eventsOf };
}

describe('what a policy lets pass with an approval', () => {
  test('asks a person, once for the same arguments, and for each others anew', async () => {
    const { ask, eventsOf } = await clerk('desk:asks');
    const first = await ask({ context: { amount: 900, to: 'Dana' } });
    expect(first).toMatchObject({ decision: false, said: 'require_approval' });
    expect(first.context.reasons).toContainEqual({
      kind: 'policy',
      id: 'large',
      text: 'policy `large` asks for an approval',
    });
    const same = await ask({ context: { to: 'Dana', amount: 900 } });
    const other = await ask({ context: { amount: 901, to: 'Dana' } });
    expect(same.approvalId).toBe(first.approvalId);
    expect(other.approvalId).not.toBe(first.approvalId);
    const [asked, ...more] = await eventsOf('ApprovalRequested');
    expect(asked?.data).toMatchObject({
      approvalId: first.approvalId,
      action: 'pay',
      resource: 'invoice:17',
      context: { amount: 900, to: 'Dana' },
      requiredBy: [{ kind: 'policy', id: 'large' }],
      approvalsNeeded: 1,
      requestedBy: ADMIN,
    });
    expect(more).toHaveLength(1);
  });

  test('is allowed once when a person approved it, and needs another approval then', async () => {
    const { ask, say, eventsOf } = await clerk('desk:once');
    const { approvalId } = await ask();
    expect(await say('approve', approvalId)).toBe('approved');
    const allowed = await ask();
    expect(allowed).toMatchObject({ decision: true, said: 'allow', approvalId });
    expect(allowed.context.reasons.at(-1)).toEqual({
      kind: 'approval',
      id: approvalId,
      text: `approved by \`${dana}\``,
    });
    const [used] = await eventsOf('ApprovalUsed');
    expect(used?.data).toMatchObject({ approvalId, decisionId: allowed.context.decisionId });
    const again = await ask();
    expect(again.said).toBe('require_approval');
    expect(again.approvalId).not.toBe(approvalId);
  });

  test('is not allowed to the key that approved it, and stays good for the one that asked', async () => {
    const { ask, say } = await clerk('desk:self');
    const { approvalId } = await ask();
    await say('approve', approvalId);
    expect(await ask({ key: dana })).toMatchObject({ decision: false, said: 'IDENTITY_MISMATCH' });
    expect(await ask()).toMatchObject({ decision: true, approvalId });
  });

  test('is allowed exactly once, however many ask at the same time', async () => {
    const { ask, say, eventsOf } = await clerk('desk:race');
    const { approvalId } = await ask();
    await say('approve', approvalId);
    const { doubts } = cell;
    const replies = await Promise.all(Array.from({ length: 40 }, () => ask()));
    const allowed = replies.filter(({ decision }) => decision).length;
    expect(allowed).toBeLessThanOrEqual(1);
    expect(allowed + cell.doubts - doubts).toBeGreaterThanOrEqual(1);
    expect(await eventsOf('ApprovalUsed')).toHaveLength(1);
    expect(['allow', 'require_approval']).toEqual(
      expect.arrayContaining([...new Set(replies.map(({ said }) => said))]),
    );
    expect(await eventsOf('ApprovalRequested')).toHaveLength(2);
  });

  test('asks one person only, however many ask for the same at the same time', async () => {
    const { ask, eventsOf } = await clerk('desk:crowd');
    const replies = await Promise.all(Array.from({ length: 40 }, () => ask()));
    expect(new Set(replies.map(({ approvalId }) => approvalId)).size).toBe(1);
    expect(await eventsOf('ApprovalRequested')).toHaveLength(1);
  });

  test('is denied when a person rejected it, and stays so', async () => {
    const { ask, say } = await clerk('desk:rejected');
    const { approvalId } = await ask();
    expect(await say('reject', approvalId)).toBe('rejected');
    for (let i = 0; i < 2; i++)
      expect(await ask()).toMatchObject({ said: 'APPROVAL_REJECTED', approvalId });
  });

  test('of another agent is not covered, nor are other arguments', async () => {
    const [one, other] = [await clerk('desk:one'), await clerk('desk:other')];
    const { approvalId } = await one.ask();
    await one.say('approve', approvalId);
    expect((await other.ask()).said).toBe('require_approval');
    expect((await one.ask({ context: { amount: 1 } })).said).toBe('require_approval');
    expect((await one.ask()).said).toBe('allow');
  });

  test('is denied for an agent that was suspended meanwhile', async () => {
    const { ask, say, does } = await clerk('desk:suspended');
    const { approvalId } = await ask();
    await say('approve', approvalId);
    await does('registry.suspend-agent', { agentId: 'desk:suspended' });
    expect((await ask()).said).toBe('AGENT_SUSPENDED');
  });
});

describe('a question that waits for a person', () => {
  test.each([
    ['approve', 'allow'],
    ['reject', 'APPROVAL_REJECTED'],
  ] as const)('is answered when they %s it', async (verdict, said) => {
    const { ask, say } = await clerk(`desk:waits-${verdict}`);
    const { approvalId } = await ask();
    const waiting = ask({ wait: LONG_MS });
    await say(verdict, approvalId);
    expect(await waiting).toMatchObject({ said, approvalId });
  });

  test('is answered without an allow when nobody decides in time', async () => {
    const { ask } = await clerk('desk:impatient');
    expect(await ask({ wait: 30 })).toMatchObject({ decision: false, said: 'require_approval' });
  });

  test('is denied when the time of the approval is over, and the log says so', async () => {
    const { ask, eventsOf } = await clerk('desk:late', 'peek');
    const { said, approvalId } = await ask({ wait: LONG_MS });
    expect(said).toBe('APPROVAL_EXPIRED');
    await eventually(async () => {
      const expired = await eventsOf('ApprovalExpired');
      return expect(expired).toContainEqual(
        expect.objectContaining({
          data: expect.objectContaining({ approvalId }),
          actor: expect.objectContaining({ type: 'system' }),
        }),
      );
    }, PATIENT);
  });

  test('is asked for again when many wait for one approval: each needs its own', async () => {
    const { ask, say, eventsOf } = await clerk('desk:queue');
    const { approvalId } = await ask();
    const { doubts } = cell;
    const waiting = Array.from({ length: 8 }, () => ask({ wait: LONG_MS }));
    await say('approve', approvalId);
    const next = await eventually(async () => {
      const [, second] = await eventsOf('ApprovalRequested');
      return second?.data.approvalId;
    }, PATIENT);
    expect(next).not.toBe(approvalId);
    await say('reject', String(next));
    const said = (await Promise.all(waiting)).map((one) => one.said);
    const allowed = said.filter((one) => one === 'allow').length;
    expect(allowed).toBeLessThanOrEqual(1);
    expect(allowed + cell.doubts - doubts).toBeGreaterThanOrEqual(1);
    expect(said.filter((one) => one === 'APPROVAL_REJECTED')).toHaveLength(8 - allowed);
    expect(await eventsOf('ApprovalUsed')).toHaveLength(1);
  });
});

describe('an approval', () => {
  test('of two persons needs two, and never the one who asked', async () => {
    const { ask, say } = await clerk('desk:four-eyes', 'wire');
    const { approvalId } = await ask();
    await expect(say('approve', approvalId, ADMIN)).rejects.toThrow('APPROVER_NOT_ALLOWED');
    expect(await say('approve', approvalId)).toBe('pending');
    expect(await say('approve', approvalId)).toBe('pending');
    expect(await ask()).toMatchObject({ said: 'require_approval', approvalId });
    expect(await say('approve', approvalId, erik)).toBe('approved');
    expect((await ask()).said).toBe('allow');
  });

  test('is not honoured when its time is over', async () => {
    const { ask, say, eventsOf } = await clerk('desk:stale', 'look');
    const { approvalId } = await ask();
    await say('approve', approvalId);
    await eventually(
      async () => expect(await eventsOf('ApprovalExpired')).toHaveLength(1),
      PATIENT,
    );
    const again = await ask();
    expect(again.said).toBe('require_approval');
    expect(again.approvalId).not.toBe(approvalId);
    await expect(say('approve', approvalId)).rejects.toThrow('APPROVAL_CLOSED');
  });

  test('can be taken back until it is used', async () => {
    const { ask, say } = await clerk('desk:back');
    const { approvalId } = await ask();
    await say('approve', approvalId);
    expect(await say('reject', approvalId, erik)).toBe('rejected');
    expect((await ask()).said).toBe('APPROVAL_REJECTED');
  });

  test('is needed by a grant that says so, beside its other conditions', async () => {
    const { ask, say } = await clerk('desk:granted', 'file', { requireApproval: true, maxUses: 1 });
    const first = await ask();
    expect(first.said).toBe('require_approval');
    await say('approve', first.approvalId);
    expect((await ask()).said).toBe('allow');
    expect((await ask()).said).toBe('LIMIT_REACHED');
  });

  test('cannot be found under an id that nobody gave', async () => {
    const body = { approvalId: '0199f0c4-0000-7000-8000-000000000001', verdict: 'approve' };
    await expect(cell.done('authority.decide-approval', body)).rejects.toThrow('APPROVAL_UNKNOWN');
  });

  test('outlives every role', async () => {
    const { ask, say } = await clerk('desk:restart');
    const { approvalId } = await ask();
    await cell.stopGovernors();
    await cell.stopCommanders();
    await cell.startCommanders(2);
    await cell.startGovernors(4);
    expect(await ask()).toMatchObject({ said: 'require_approval', approvalId });
    await say('approve', approvalId);
    await cell.stopGovernors();
    await cell.startGovernors(4);
    expect(await ask()).toMatchObject({ said: 'allow', approvalId });
  });
});

test('what is waited for is answered at once by a governor that stops', async () => {
  const { ask } = await clerk('desk:leaving');
  const { approvalId } = await ask();
  await cell.stopGovernors();
  await cell.startGovernors(1);
  const waiting = ask({ wait: LONG_MS });
  // One governor takes questions in order: when this one is answered, the other waits.
  await ask();
  await cell.stopGovernors();
  expect(await waiting).toMatchObject({ said: 'require_approval', approvalId });
  await cell.startGovernors(4);
});

const never = 'forbid (principal == Agent::"desk:forbidden", action, resource);';

test('an approval lets nothing pass that a policy forbids for good by now', async () => {
  const { ask, say } = await clerk('desk:forbidden');
  const { approvalId } = await ask();
  await say('approve', approvalId);
  const token = await activate({ ...policies, never });
  const options = { atLeast: token };
  const about = { action: { name: 'pay' }, resource: { type: 'invoice', id: '17' }, options };
  const { context } = await cell.ask('desk:forbidden', about);
  expect(context).toMatchObject({ outcome: 'deny', code: 'POLICY_FORBIDS' });
});

test('every decision is the same again from its record, with the approval that it rested on', async () => {
  const engine = openCedar();
  const evaluates = new Map(
    [{}, policies, { ...policies, never }].map((set, n) => {
      const digest = policyDigest('cedar', set);
      return [digest, engine.compile(`again-${n}`, { digest, policies: set }).evaluate] as const;
    }),
  );
  const reader = openStreamReader(await cell.bus.connect('operator'), 'DECISIONS');
  const { firstSeq, lastSeq } = await reader.status();
  let approved = 0;
  for (let seq = firstSeq; seq <= lastSeq; seq++) {
    const text = Buffer.from((await reader.get(seq))?.data ?? '[]').toString('utf8');
    for (const record of decisionBatch.parse(JSON.parse(text))) {
      if (record.kind !== 'decision') continue;
      const evaluate = evaluates.get(record.inputs.policies.digest);
      if (!evaluate) throw new Error(`there are no policies ${record.inputs.policies.digest}`);
      const again = redecide(record, evaluate);
      expect(again.now).toBe(again.recorded);
      if (record.outcome === 'allow' && record.inputs.approval) approved += 1;
    }
  }
  expect(approved).toBeGreaterThan(5);
});
