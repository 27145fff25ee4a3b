import { randomUUID } from 'node:crypto';
import { type NewEvent, openRequester } from '@writ/bus';
import { commandReply, type EventData, subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
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

/** Reserves a use of a grant of the agent for a new decision. */
async function reserve(name: string, grantId: unknown): Promise<string> {
  const { agentId } = grant(name);
  const decisionId = randomUUID();
  const asked = { decisionId, agentId, grants: [{ agentId, grantId }] };
  const reply = await openRequester(await cell.bus.connect('governor-store')).request({
    subject: subjects.governor({ tenant, key: ADMIN, verb: 'reserve-use' }),
    body: JSON.stringify({ ...asked, costMicros: 10, tokens: null }),
    headers: [],
    timeoutMs: 15_000,
  });
  const { result } = commandReply.parse(JSON.parse(Buffer.from(reply.data).toString())) as {
    result: unknown;
  };
  expect(result).toEqual({ claimed: true });
  return decisionId;
}

/** What a commander leaves that dies between storing a report and closing what it was of. */
async function storeReport(name: string, decisionId: string, costMicros: number): Promise<void> {
  const { agentId } = agent(name);
  const subject = subjects.facts(tenant, agentId);
  const executionId = randomUUID();
  const data: EventData<'ExecutionReported'> = {
    ...{ executionId, agentId, action: 'count', resource: 'dataset:x', decisionId, costMicros },
    ...{ outcome: 'succeeded', severity: null, startedAt: null, durationMs: null },
    ...{ tokens: { input: 0, output: 0 }, error: null },
  };
  const expectedLastSeq = await cell.store.lastSequence(subject);
  const event: NewEvent = {
    ...{ type: 'ExecutionReported', data, id: executionId, timeMs: Date.now(), version: 1, tenant },
    ...{ actor: { type: 'api_key', id: ADMIN }, aggregate: `facts/${agentId}` },
  };
  await cell.store.append([{ subject, expectedLastSeq, events: [event] }]);
}

test('a use is settled though the commander died that had answered its report, and one that nobody reported is not', async () => {
  await cell.done('registry.register-agent', agent('left'));
  const budget = { seconds: 60, costMicros: 1000, exact: true };
  const rights = { ...grant('left'), conditions: { budget } };
  const { result } = await cell.done('authority.issue-grant', rights);
  const reported = await reserve('left', result['grantId']);
  await reserve('left', result['grantId']);
  await Promise.all(cell.commanders.map((commander) => commander.stop()));
  await storeReport('left', reported, 600);
  await cell.start();
  const settled = async () =>
    (await cell.store.load(subjects.grants(tenant, 'town:left'))).events.flatMap((event) =>
      event.type === 'GrantUseSettled' ? [event.data] : [],
    );
  await eventually(async () => (await settled()).length > 0, { withinMs: 60_000 });
  expect(await settled()).toMatchObject([{ decisionId: reported, costMicros: 600 }]);
});
