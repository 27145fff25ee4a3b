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

test('an agent with more grants than one append takes is retired with all of them', async () => {
  await cell.done('registry.register-agent', agent('rich'));
  const subject = subjects.grants(tenant, 'town:rich');
  const events = Array.from({ length: GRANTS }, (_, i) => issued('rich', i + 1));
  const half = await cell.store.append([
    { subject, expectedLastSeq: 0, events: events.slice(0, GRANTS / 2) },
  ]);
  await cell.store.append([
    { subject, expectedLastSeq: half.lastSeq, events: events.slice(GRANTS / 2) },
  ]);
  const given = { idempotencyKey: 'retire-rich' };
  const reply = await cell.done('registry.retire-agent', { agentId: 'town:rich' }, given);
  expect(reply.result['status']).toBe('retired');
  const stored = (await cell.store.load(subject)).events;
  expect(stored.filter(({ type }) => type === 'GrantRevoked')).toHaveLength(GRANTS);
  expect(stored.map(({ version }) => version)).toEqual(stored.map((_, i) => i + 1));
  expect(await cell.done('registry.retire-agent', { agentId: 'town:rich' }, given)).toEqual(reply);
});
