import { subjects } from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agent, type Commanders, grant, startCommanders, tenant } from '../commanders.fixture.ts';
import { seedKey } from '../seed-key.testkit.ts';

const HERS = 'clerkskey0001';
let cell: Commanders;

beforeAll(async () => {
  cell = await startCommanders(2);
  await seedKey(cell.store, { tenant, keyId: HERS, role: 'agent', agents: ['town:clerk'] });
  for (const name of ['mayor', 'clerk', 'porter', 'guest'])
    await cell.done('registry.register-agent', agent(name));
});
afterAll(() => cell?.stop());

/** A grant of the clerk that may be handed on twice. */
async function granted(more: object = {}): Promise<string> {
  const reply = await cell.done('authority.issue-grant', {
    ...grant('clerk'),
    delegable: 2,
    ...more,
  });
  return String(reply.result['grantId']);
}

const handing = (grantId: string, more: object = {}) => ({
  grantId,
  toAgentId: 'town:porter',
  actions: ['count'],
  resources: ['dataset:sales'],
  ...more,
});

async function lastGrantOf(name: string) {
  const { events } = await cell.store.load(subjects.grants(tenant, `town:${name}`));
  return events.at(-1)?.data;
}

test('an agent hands on what it has, and what it does not say is as it was', async () => {
  const expiresAt = '2099-01-01T00:00:00.000Z';
  const grantId = await granted({ expiresAt, conditions: { maxCostMicros: 9 } });
  const reply = await cell.done(
    'authority.delegate-grant',
    handing(grantId, { reason: 'counts for me' }),
    { key: HERS },
  );
  const parent = { grantId, agentId: 'town:clerk' };
  expect(reply.result).toMatchObject({ agentId: 'town:porter', parent });
  expect(await lastGrantOf('porter')).toEqual({
    grantId: reply.result['grantId'],
    agentId: 'town:porter',
    actions: ['count'],
    resources: ['dataset:sales'],
    notBefore: null,
    expiresAt,
    conditions: { maxCostMicros: 9 },
    delegable: 0,
    parent,
    reason: 'counts for me',
    issuedBy: HERS,
  });
});

test('a retry under its idempotency key meets itself, even when nothing could be handed on any more', async () => {
  const grantId = await granted();
  const given = { idempotencyKey: 'hand-on-1' };
  const first = await cell.done('authority.delegate-grant', handing(grantId), given);
  await cell.done('authority.revoke-grant', { grantId });
  for (let i = 0; i < 4; i++)
    expect(await cell.done('authority.delegate-grant', handing(grantId), given)).toEqual(first);
  const { code } = await cell.refused('authority.delegate-grant', handing(grantId));
  expect(code).toBe('GRANT_NOT_DELEGABLE');
});

test('nothing is handed on wider than it is, or of a grant that is revoked further up', async () => {
  const grantId = await granted();
  const wide = handing(grantId, { resources: ['*'], delegable: 2 });
  const refusal = await cell.refused('authority.delegate-grant', wide);
  expect(refusal).toMatchObject({
    code: 'GRANT_TOO_WIDE',
    details: [
      { path: 'resources.0', message: 'must be covered by `dataset:*`' },
      { path: 'delegable', message: 'must be less than 2' },
    ],
  });
  const second = await cell.done('authority.delegate-grant', handing(grantId, { delegable: 1 }));
  await cell.done('authority.revoke-grant', { grantId });
  const further = handing(String(second.result['grantId']), { toAgentId: 'town:guest' });
  expect(await cell.refused('authority.delegate-grant', further)).toMatchObject({
    code: 'GRANT_NOT_DELEGABLE',
    message: expect.stringContaining(grantId),
  });
});

test('a key hands on for the agents that it speaks for only', async () => {
  const reply = await cell.done('authority.issue-grant', { ...grant('mayor'), delegable: 1 });
  const grantId = String(reply.result['grantId']);
  const code = async (more: object) =>
    (await cell.refused('authority.delegate-grant', handing(grantId, more), { key: HERS })).code;
  expect(await code({ agentId: 'town:mayor' })).toBe('IDENTITY_MISMATCH');
  // Whose it is, is not for this key to know.
  expect(await code({})).toBe('GRANT_UNKNOWN');
  expect(await code({ agentId: 'town:clerk' })).toBe('GRANT_UNKNOWN');
  expect((await cell.refused('authority.issue-grant', grant('clerk'), { key: HERS })).code).toBe(
    'NOT_ALLOWED',
  );
});

test('nobody hands on who is suspended, and nobody gets anything who is not there', async () => {
  const grantId = await granted();
  const code = async (more: object = {}) =>
    (await cell.refused('authority.delegate-grant', handing(grantId, more))).code;
  expect(await code({ toAgentId: 'town:nobody' })).toBe('AGENT_UNKNOWN');
  expect(await code({ toAgentId: 'town:clerk' })).toBe('BODY_INVALID');
  await cell.done('registry.suspend-agent', { agentId: 'town:clerk' });
  expect(await code()).toBe('AGENT_SUSPENDED');
  await cell.done('registry.resume-agent', { agentId: 'town:clerk' });
  await cell.done('authority.delegate-grant', handing(grantId));
});
