import { subjects } from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agent, type Commanders, grant, startCommanders, tenant } from '../commanders.fixture.ts';

const ROUNDS = 40;

let cell: Commanders;

beforeAll(async () => {
  cell = await startCommanders(2);
});
afterAll(() => cell?.stop());

async function activeGrants(agentId: string): Promise<string[]> {
  const { events } = await cell.store.load(subjects.grants(tenant, agentId));
  const active = new Set<string>();
  for (const event of events)
    if (event.type === 'GrantIssued') active.add(event.data.grantId);
    else if (event.type === 'GrantRevoked') active.delete(event.data.grantId);
  return [...active];
}

test('no grant survives the retirement that it was issued beside', async () => {
  const survivors: string[] = [];
  await cell.done('registry.register-agent', agent('lender'));
  const lent = await cell.done('authority.issue-grant', { ...grant('lender'), delegable: 1 });
  const { agentId: _, ...rights } = grant('lender');
  const handing = { ...rights, grantId: lent.result['grantId'] };
  for (let round = 0; round < ROUNDS; round++) {
    const name = `leaving-${round}`;
    await cell.done('registry.register-agent', agent(name));
    const toAgentId = `town:${name}`;
    const given = [
      cell.done('authority.issue-grant', grant(name)),
      cell.done('authority.issue-grant', grant(name)),
      cell.done('authority.delegate-grant', { ...handing, toAgentId }),
    ].map((reply) =>
      reply.catch((refused: unknown) => expect(String(refused)).toContain('AGENT_RETIRED')),
    );
    await Promise.all([...given, cell.done('registry.retire-agent', { agentId: toAgentId })]);
    survivors.push(...(await activeGrants(toAgentId)));
  }
  expect(survivors).toEqual([]);
}, 120_000);

test('a grant of an agent that was registered again holds, also when its retirement is told once more', async () => {
  const agentId = 'town:back';
  const given = { idempotencyKey: 'retire-back' };
  await cell.done('registry.register-agent', agent('back'));
  await cell.done('registry.retire-agent', { agentId }, given);
  await cell.done('registry.register-agent', agent('back'));
  const { result } = await cell.done('authority.issue-grant', grant('back'));
  await cell.done('registry.retire-agent', { agentId }, given);
  expect(await activeGrants(agentId)).toEqual([result['grantId']]);
});
