import {
  type ApprovalsQuery,
  approvalStatus,
  approvalsQuery,
  approvalView,
  type EventData,
} from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyEntries } from '../projection/apply.ts';
import type { ProjectedEvent } from '../projection/projection.ts';
import { everyPage } from '../projected-run.fixture.ts';
import { NINE, recorded } from '../recorded.fixture.ts';
import {
  batchOf,
  claimAll,
  entriesOf,
  openTestStore,
  type TestStore,
} from '../test-store.fixture.ts';
import { getApproval, listApprovals } from './approval-queries.ts';
import { approvalsProjection } from './approvals-projection.ts';

const tenants = ['default', 'acme'];
const agents = ['one', 'two'];
const HOUR = 3_600_000;
const nowMs = NINE + HOUR;

/** What the log says of an approval, whether its time is over, and the status that follows. */
const kinds = [
  { said: [], over: false, status: 'pending' },
  { said: [], over: true, status: 'expired' },
  { said: ['approved'], over: false, status: 'approved' },
  { said: ['approved'], over: true, status: 'expired' },
  { said: ['rejected'], over: false, status: 'rejected' },
  { said: ['rejected'], over: true, status: 'rejected' },
  { said: ['approved', 'used'], over: true, status: 'used' },
  { said: ['expired'], over: true, status: 'expired' },
] as const;
type Kind = (typeof kinds)[number];

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  const events: ProjectedEvent[] = [];
  const rounds = Array.from({ length: 3 }, (_, n) => n);
  for (const round of rounds)
    for (const tenant of tenants)
      for (const agentId of agents)
        for (const [n, kind] of kinds.entries()) {
          const approvalId = `${tenant}-${agentId}-${round}-${n}`;
          events.push(...eventsOf(kind, { tenant, agentId, approvalId, after: events.length }));
        }
  await applyEntries(
    store.pool,
    await claimAll(store, [approvalsProjection]),
    batchOf(entriesOf(events)),
  );
});
afterAll(() => store.drop());

type Named = { tenant: string; agentId: string; approvalId: string; after: number };

function eventsOf(kind: Kind, { tenant, agentId, approvalId, after }: Named): ProjectedEvent[] {
  const more = (n: number) => ({ tenant, seq: after + n + 1, timeMs: NINE + after + n });
  const asked: EventData<'ApprovalRequested'> = {
    approvalId,
    agentId,
    action: 'write_file',
    resource: 'dataset:sales',
    context: {},
    argumentsHash: `sha256:${'0'.repeat(64)}`,
    requiredBy: [{ kind: 'policy', id: 'ask' }],
    approvalsNeeded: 1,
    expiresAt: new Date(kind.over ? nowMs : nowMs + 1).toISOString(),
    requestedBy: 'k0operator',
  };
  const of = { approvalId, agentId };
  return [
    { ...recorded({ type: 'ApprovalRequested', data: asked }, more(0)), subject: subjectOf(of) },
    ...kind.said.map((word, n) => {
      const next = more(n + 1);
      const subject = subjectOf(of);
      if (word === 'used')
        return {
          ...recorded({ type: 'ApprovalUsed', data: { ...of, decisionId: approvalId } }, next),
          subject,
        };
      if (word === 'expired')
        return { ...recorded({ type: 'ApprovalExpired', data: of }, next), subject };
      const data = { ...of, verdict: word, reason: null, decidedBy: 'k0person' };
      return { ...recorded({ type: 'ApprovalDecided', data }, next), subject };
    }),
  ];
}

const subjectOf = ({ agentId }: { agentId: string }) =>
  `writ.default.evt.authority.grants._.${agentId}`;

const listed = (tenant: string, filters: Partial<Record<keyof ApprovalsQuery, unknown>>) =>
  everyPage((cursor) =>
    listApprovals(store, { tenant, nowMs }, approvalsQuery.parse({ cursor, ...filters })),
  );

test('every status lists what has it now, of this tenant and agent only, on pages of any size', async () => {
  for (const tenant of tenants) {
    const everything = await listed(tenant, {});
    expect(everything.map((view) => approvalView.parse(view))).toEqual(everything);
    expect(everything).toHaveLength(3 * agents.length * kinds.length);
    expect(everything.every(({ approvalId }) => approvalId.startsWith(tenant))).toBe(true);
    for (const { approvalId, status } of everything)
      expect(status).toBe(kinds[Number(approvalId.at(-1))]?.status);
    for (const status of approvalStatus.options) {
      const inStatus = everything.filter((one) => one.status === status);
      expect(await listed(tenant, { status })).toEqual(inStatus);
      expect(await listed(tenant, { status, limit: 2 })).toEqual(inStatus);
      for (const agentId of agents)
        expect(await listed(tenant, { status, agentId, limit: 1 })).toEqual(
          inStatus.filter((one) => one.agentId === agentId),
        );
    }
  }
});

test('one approval is shown to its own tenant only', async () => {
  const approvalId = 'acme-one-0-1';
  expect(await getApproval(store, { tenant: 'acme', nowMs }, approvalId)).toMatchObject({
    approvalId,
    status: 'expired',
  });
  expect(await getApproval(store, { tenant: 'default', nowMs }, approvalId)).toBeUndefined();
});
