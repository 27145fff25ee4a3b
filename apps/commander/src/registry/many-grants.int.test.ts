import { randomUUID } from 'node:crypto';
import type { NewEvent } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ADMIN,
  agent,
  type Commanders,
  grant,
  startCommanders,
  tenant,
} from '../commanders.fixture.ts';

let cell: Commanders;

beforeAll(async () => {
  cell = await startCommanders(1);
});
afterAll(() => cell?.stop());

const GRANTS = 1100;
const AT_ONCE = 550;

function issued(name: string, version: number): NewEvent {
  const { agentId, ...rest } = grant(name);
  const grantId = randomUUID();
  const terms = {
    notBefore: null,
    expiresAt: null,
    conditions: {},
    delegable: 0,
    parent: null,
    reason: null,
    issuedBy: ADMIN,
  };
  return {
    type: 'GrantIssued',
    data: { grantId, agentId, ...rest, ...terms },
    id: grantId,
    timeMs: Date.now(),
    version,
    tenant,
    actor: { type: 'api_key', id: ADMIN },
    aggregate: `grants/${agentId}`,
  };
}

/** Puts so many grants of an agent into the log, after what is there of them. */
async function seedGrants(name: string, count: number): Promise<void> {
  const subject = subjects.grants(tenant, `town:${name}`);
  const { events: before, lastSeq } = await cell.store.load(subject);
  const events = Array.from({ length: count }, (_, i) => issued(name, before.length + i + 1));
  let expectedLastSeq = lastSeq;
  for (let n = 0; n < count; n += AT_ONCE) {
    const write = { subject, expectedLastSeq, events: events.slice(n, n + AT_ONCE) };
    expectedLastSeq = (await cell.store.append([write])).lastSeq;
  }
}

async function revokedOf(name: string): Promise<number> {
  const { events } = await cell.store.load(subjects.grants(tenant, `town:${name}`));
  return events.filter(({ type }) => type === 'GrantRevoked').length;
}

test('an agent with more grants than one append takes is retired with all of them', async () => {
  await cell.done('registry.register-agent', agent('rich'));
  await seedGrants('rich', GRANTS);
  const given = { idempotencyKey: 'retire-rich' };
  const reply = await cell.done('registry.retire-agent', { agentId: 'town:rich' }, given);
  expect(reply.result['status']).toBe('retired');
  expect(await revokedOf('rich')).toBe(GRANTS);
  const { events: stored } = await cell.store.load(subjects.grants(tenant, 'town:rich'));
  expect(stored.map(({ version }) => version)).toEqual(stored.map((_, i) => i + 1));
  expect(await cell.done('registry.retire-agent', { agentId: 'town:rich' }, given)).toEqual(reply);
});

test('very many grants that an agent got since its retirement hold, also when that is told once more', async () => {
  const agentId = 'town:again';
  const given = { idempotencyKey: 'retire-again' };
  await cell.done('registry.register-agent', agent('again'));
  const first = await cell.done('registry.retire-agent', { agentId }, given);
  await cell.done('registry.register-agent', agent('again'));
  await seedGrants('again', GRANTS);
  const again = await cell.done('registry.retire-agent', { agentId }, given);
  expect(again.events).toEqual(first.events);
  const other = { agentId, reason: 'another body' };
  const refused = await cell.refused('registry.retire-agent', other, given);
  expect(refused.code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(await revokedOf('again')).toBe(0);
});
