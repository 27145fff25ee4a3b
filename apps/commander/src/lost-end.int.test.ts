/** A log that lost its end, as after a power failure, while a commander ran on. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agent, type Commanders, startCommanders, tenant, typesOn } from './commanders.fixture.ts';

const PATIENT = { withinMs: 30_000 };
const POLICIES = { policies: { all: 'forbid (principal, action, resource) unless { true };' } };
const RATING = { agentId: 'town:rated', rating: 0.9, source: 'human', rater: 'usr_dana' };

let cell: Commanders;
beforeAll(async () => {
  cell = await startCommanders(1);
});
afterAll(() => cell?.stop());

/** What is done to the files of the log while its server is down. */
async function whileDown(change: (log: string) => Promise<void>): Promise<void> {
  await cell.bus.kill();
  await change(join(cell.bus.dataDir, 'nats', 'store', 'jetstream', 'WRIT', 'streams', 'EVENTS-1'));
  await cell.bus.restart();
}

test('what a commander stored and the log lost is stored again when it is given again', async () => {
  const copy = join(cell.bus.dataDir, 'copy');
  const orders = async () => {
    await cell.done('authority.publish-policies', POLICIES, { idempotencyKey: 'policies' });
    return await cell.done('trust.give-feedback', RATING, { idempotencyKey: 'rating' });
  };
  await cell.done('registry.register-agent', agent('rated'));
  await whileDown((log) => cp(log, copy, { recursive: true }));
  await eventually(orders, PATIENT);
  await whileDown(async (log) => {
    await rm(log, { recursive: true });
    await cp(copy, log, { recursive: true });
  });
  await eventually(orders, PATIENT);
  expect(await typesOn(cell, subjects.policies(tenant))).toEqual(['PoliciesPublished']);
  expect(await typesOn(cell, subjects.facts(tenant, RATING.agentId))).toEqual(['FeedbackGiven']);
});
