/** Retries when the world has moved on in between, and keys that were used for something else. */
import { subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ADMIN,
  agent,
  type Commanders,
  grant,
  startCommanders,
  tenant,
} from './commanders.fixture.ts';
import { seedKey } from './seed-key.testkit.ts';

const OTHER = 'adminkey00002';

let cell: Commanders;

beforeAll(async () => {
  cell = await startCommanders(2);
});
afterAll(() => cell?.stop());

describe('an idempotency key', () => {
  test('that is used for two agents names two orders, each with ids and retries of its own', async () => {
    const idempotencyKey = 'same-for-both';
    const grants = [];
    for (const name of ['one', 'two']) {
      await cell.done('registry.register-agent', agent(name));
      grants.push(await cell.done('authority.issue-grant', grant(name), { idempotencyKey }));
    }
    const [one, two] = grants;
    expect(one?.result['grantId']).not.toBe(two?.result['grantId']);
    expect(one?.events[0]?.id).not.toBe(two?.events[0]?.id);
    for (const [i, name] of ['one', 'two'].entries())
      expect(await cell.done('authority.issue-grant', grant(name), { idempotencyKey })).toEqual(
        grants[i],
      );
    const revoked = await cell.done('authority.revoke-grant', { grantId: one?.result['grantId'] });
    expect(revoked.result['agentId']).toBe('town:one');
  });

  test('is answered with all that it led to, also by a commander that knew a part of it before', async () => {
    for (let round = 0; round < 30; round++) {
      const name = `gone-${round}`;
      await cell.done('registry.register-agent', agent(name));
      await cell.done('authority.issue-grant', grant(name));
      const retire = () =>
        cell.done(
          'registry.retire-agent',
          { agentId: `town:${name}` },
          { idempotencyKey: `retire-${round}` },
        );
      const [first, ...others] = await Promise.all([retire(), retire(), retire(), retire()]);
      expect(first.events).toHaveLength(2);
      for (const again of others) expect(again.events).toEqual(first.events);
    }
  });

  test('belongs to the API key that used it: another may use the same for a fact of the same agent', async () => {
    const idempotencyKey = 'mine-and-yours';
    const rating = { agentId: 'town:both', rating: 0.9, source: 'human', rater: 'usr_dana' };
    await cell.done('registry.register-agent', agent('both'));
    await seedKey(cell.store, { tenant, keyId: OTHER, role: 'admin', agents: [] });
    const ids = [];
    for (const key of [ADMIN, OTHER, ADMIN, OTHER])
      ids.push(
        (await cell.done('trust.give-feedback', rating, { key, idempotencyKey })).events[0]?.id,
      );
    expect(ids[2]).toBe(ids[0]);
    expect(ids[3]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(2);
  });

  test('repeats the announcement of an agent that was retired since, at every commander', async () => {
    const start = (executionId: string) => ({
      executionId,
      agentId: 'town:stopped',
      action: 'count',
      resource: 'dataset:bikes',
    });
    await cell.done('registry.register-agent', agent('stopped'));
    for (let i = 0; i < 12; i++) await cell.done('execution.start', start(`known-${i}`));
    const first = await cell.done('execution.start', start('last'));
    await cell.done('registry.retire-agent', { agentId: 'town:stopped' });
    for (let i = 0; i < 12; i++)
      expect(await cell.done('execution.start', start('last'))).toEqual(first);
    expect((await cell.refused('execution.start', start('new'))).code).toBe('AGENT_RETIRED');
  });
});

test('nobody can use up the idempotency key of a command that INBOX has yet to receive', async () => {
  const rating = { agentId: 'town:rated', rating: 0.1, source: 'human', rater: 'usr_dana' };
  await cell.done('registry.register-agent', agent('rated'));
  const operator = await cell.bus.connect('operator');
  const subject = subjects.inbox({ tenant, key: ADMIN, verb: 'trust.give-feedback' });
  const publish = async (): Promise<number> => {
    const ack = await operator.request(subject, JSON.stringify(rating), { timeout: 5000 });
    return ack.json<{ seq: number }>().seq;
  };
  const next = (await publish()) + 1;
  for (const foreseen of [`inbox:${next}`, `inbox-${next}`])
    await cell.done('trust.give-feedback', { ...rating, rating: 1 }, { idempotencyKey: foreseen });
  expect(await publish()).toBe(next);
  await eventually(async () => {
    const { events } = await cell.store.load(subjects.facts(tenant, 'town:rated'));
    return events.length === 4;
  });
});
