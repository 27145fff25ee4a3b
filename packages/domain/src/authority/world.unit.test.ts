import { expect, test } from 'vitest';
import { nowMs, readerWorld, tenant, ToldWorld } from './world.fixture.ts';

test('a world holds every aggregate of a tenant as its events leave it', () => {
  const told = readerWorld().tell({
    type: 'AgentSuspended',
    data: { agentId: 'reader', reason: null },
  });
  const policies = {
    version: '1',
    engine: 'cedar' as const,
    policies: {},
    digest: 'sha256:x',
    note: null,
  };
  told.tell({ type: 'PoliciesPublished', data: policies });
  expect(told.world.tenants.get(tenant)?.policies.active).toBeNull();
  told.tell({
    type: 'PoliciesActivated',
    data: { version: '1', digest: 'sha256:x', superseded: null },
  });
  const known = told.world.tenants.get(tenant);
  expect(known?.agents.get('reader')).toMatchObject({ status: 'suspended' });
  expect(known?.grants.get('reader')?.grants.size).toBe(1);
  expect(known?.keys.get('k0admin0000')).toMatchObject({ status: 'active' });
  expect(known?.policies.active).toEqual(policies);
});

test('sequence and time go forward only: a late time never takes a later one back', () => {
  const told = new ToldWorld().agent('a');
  told.rate('a', 1, 'normal', nowMs).rate('a', 1, 'normal', nowMs - 10_000);
  expect(told.world).toMatchObject({ seq: 3, timeMs: nowMs });
});

test('a critical rating stops an agent until a person clears it', () => {
  const told = readerWorld().rate('reader', 0, 'critical', nowMs);
  const latchedBy = (): number | null | undefined =>
    told.world.tenants.get(tenant)?.trust.get('reader')?.latchedBy;
  expect(latchedBy()).toBe(4);
  told.tell({ type: 'SuspensionCleared', data: { agentId: 'reader', reason: 'looked into it' } });
  expect(latchedBy()).toBeNull();
});
