import { subjects } from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agent, type Commanders, grant, startCommanders, tenant } from '../commanders.fixture.ts';

const ROUNDS = 40;
const GRANTS = 3;

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
  for (let round = 0; round < ROUNDS; round++) {
    const name = `leaving-${round}`;
    await cell.done('registry.register-agent', agent(name));
    const given = Array.from({ length: GRANTS }, () =>
      cell.done('authority.issue-grant', grant(name)).catch((refused: unknown) => {
        expect(String(refused)).toContain('AGENT_RETIRED');
      }),
    );
    await Promise.all([...given, cell.done('registry.retire-agent', { agentId: `town:${name}` })]);
    survivors.push(...(await activeGrants(`town:${name}`)));
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
