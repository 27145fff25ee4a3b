import { describe, expect, test } from 'vitest';
import type { DecisionInputs } from '@writ/contracts';
import { type Decision, decideAccess, type PolicyVerdict } from './decision.ts';
import { gatherInputs } from './gather.ts';
import { nowMs, readerWorld, tenant } from './world.fixture.ts';

type Approval = NonNullable<DecisionInputs['approval']>;

const allowed: PolicyVerdict = {
  effect: 'allow',
  determining: ['base.grants'],
  errors: [],
  trustDecides: false,
};
const asking: PolicyVerdict = {
  effect: 'deny',
  determining: ['large-sums'],
  errors: [],
  trustDecides: false,
  approval: { needed: 1, ttlSeconds: 60 },
};
const given: Approval = {
  approvalId: 'a1',
  status: 'approved',
  argumentsHash: 'sha256:a',
  requiredBy: [{ kind: 'policy', id: 'large-sums' }],
  approvedBy: ['danakey00001'],
  expiresAt: new Date(nowMs + 60_000).toISOString(),
};
const plain = { grantId: 'g1', expiresAt: null, conditions: {} };
const watched = { grantId: 'g2', expiresAt: null, conditions: { requireApproval: true } };

const { inputs } = gatherInputs(
  readerWorld().world,
  {
    tenant,
    keyId: 'k0admin0000',
    agentId: 'reader',
    action: 'read',
    resource: { type: 'dataset', id: 'sales' },
    context: {},
    unusable: [],
  },
  { nowMs, engine: { name: 'cedar', version: '4' } },
);

function decide(changes: Partial<DecisionInputs>, verdict: PolicyVerdict): Decision {
  return decideAccess({ ...inputs, grants: [plain], ...changes }, () => verdict);
}

describe('what a policy lets pass with an approval', () => {
  test('needs one, and says which policies ask for it', () => {
    expect(decide({}, asking)).toEqual({
      outcome: 'require_approval',
      code: null,
      reasons: [
        { kind: 'policy', id: 'large-sums', text: 'policy `large-sums` asks for an approval' },
      ],
      determining: ['large-sums'],
      approval: {
        requiredBy: [{ kind: 'policy', id: 'large-sums' }],
        needed: 1,
        ttlSeconds: 60,
      },
    });
  });

  test('is allowed with one that is given, and says by whom', () => {
    const { outcome, reasons, determining } = decide({ approval: given }, asking);
    expect({ outcome, determining }).toEqual({ outcome: 'allow', determining: ['base.grants'] });
    expect(reasons).toContainEqual({
      kind: 'approval',
      id: 'a1',
      text: 'approved by `danakey00001`',
    });
  });

  test('is not allowed to the key that approved it, which is told so', () => {
    const own = inputs.key.keyId;
    const { outcome, code, reasons } = decide(
      { approval: { ...given, approvedBy: [own] } },
      asking,
    );
    expect([outcome, code]).toEqual(['deny', 'IDENTITY_MISMATCH']);
    expect(reasons[0]?.text).toBe(
      `approved with key \`${own}\`, which can not use it; ask with another key`,
    );
    const two = { ...asking, approval: { needed: 2, ttlSeconds: 60 } } as const;
    const approvedBy = ['danakey00001', own];
    expect(decide({ approval: { ...given, approvedBy } }, two).code).toBe('IDENTITY_MISMATCH');
    expect(decide({ approval: { ...given, approvedBy } }, asking).code).toBe('IDENTITY_MISMATCH');
  });

  test.each<[string, Partial<Approval>, string, string | null]>([
    ['waits for one that nobody decided', { status: 'pending' }, 'require_approval', null],
    ['is denied by one that was rejected', { status: 'rejected' }, 'deny', 'APPROVAL_REJECTED'],
    [
      'is denied when the time of one is over',
      { expiresAt: new Date(nowMs).toISOString() },
      'deny',
      'APPROVAL_EXPIRED',
    ],
    [
      'is not allowed by one that was asked for something else',
      { requiredBy: [{ kind: 'policy', id: 'other' }] },
      'require_approval',
      null,
    ],
    ['is not allowed by too few persons', { approvedBy: [] }, 'require_approval', null],
  ])('%s', (_what, changes, outcome, code) => {
    expect(decide({ approval: { ...given, ...changes } }, asking)).toMatchObject({ outcome, code });
  });

  test.each<[string, Partial<DecisionInputs>, PolicyVerdict, string]>([
    [
      'a suspended agent',
      { agent: { ...(inputs.agent as NonNullable<DecisionInputs['agent']>), status: 'suspended' } },
      asking,
      'AGENT_SUSPENDED',
    ],
    ['an agent without a grant', { grants: [] }, asking, 'NO_GRANT'],
    [
      'what a policy forbids for good',
      {},
      { effect: 'deny', determining: ['large-sums', 'never'], errors: [], trustDecides: false },
      'POLICY_FORBIDS',
    ],
    ['an error of the policies', {}, { ...asking, errors: ['broken'] }, 'ENGINE_ERROR'],
  ])('an approval lets nothing pass for %s', (_what, changes, verdict, code) => {
    expect(decide({ ...changes, approval: given }, verdict)).toMatchObject({
      outcome: 'deny',
      code,
    });
  });
});

describe('a grant that holds only with an approval', () => {
  const byGrant: Approval = { ...given, requiredBy: [{ kind: 'grant', id: 'g2' }] };

  test('needs one, and allows with it', () => {
    expect(decide({ grants: [watched] }, allowed)).toMatchObject({
      outcome: 'require_approval',
      approval: { requiredBy: [{ kind: 'grant', id: 'g2' }], needed: 1, ttlSeconds: 3600 },
    });
    expect(decide({ grants: [watched], approval: byGrant }, allowed).outcome).toBe('allow');
  });

  test('asks for none where another grant holds without', () => {
    expect(decide({ grants: [watched, plain] }, allowed)).toMatchObject({ outcome: 'allow' });
    expect(decide({ grants: [watched, plain] }, allowed).approval).toBeUndefined();
  });

  const limited = {
    grantId: 'g3',
    expiresAt: null,
    conditions: { requireApproval: true, maxUses: 2 },
  };
  const uses = { by: { grantId: 'g3', agentId: 'reader' }, kind: 'uses', reserved: true } as const;
  const limits = [
    { grantId: 'g3', ...uses, used: 0, limit: 2, asks: 1, seconds: null, roomAtMs: null },
  ];

  test('is the only one that a person is asked about, the easiest of several', () => {
    const { approval, reasons } = decide({ grants: [limited, watched], limits }, allowed);
    expect(approval?.requiredBy).toEqual([{ kind: 'grant', id: 'g2' }]);
    expect(reasons.map(({ id }) => id)).toEqual(['g3', 'g2']);
  });

  test('stays the one that was approved, whatever grants come after it', () => {
    const grants = [watched, limited];
    const approval = { ...given, requiredBy: [{ kind: 'grant' as const, id: 'g3' }] };
    expect(decide({ grants, limits, approval }, allowed)).toMatchObject({
      outcome: 'allow',
      restsOn: 'g3',
    });
    expect(decide({ grants: [watched], approval }, allowed).outcome).toBe('require_approval');
    expect(decide({ grants, limits, approval: byGrant }, allowed).restsOn).toBe('g2');
  });

  test('is named beside the policies that ask as well', () => {
    const { approval } = decide({ grants: [watched], approval: byGrant }, asking);
    expect(approval?.requiredBy).toEqual([
      { kind: 'policy', id: 'large-sums' },
      { kind: 'grant', id: 'g2' },
    ]);
    expect(decide({ grants: [watched], approval: byGrant }, asking).outcome).toBe(
      'require_approval',
    );
  });
});
