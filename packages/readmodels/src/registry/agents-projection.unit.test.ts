import { agent } from '@writ/domain';
import { describe, expect, test } from 'vitest';
import { recorded, registration } from '../recorded.fixture.ts';
import type { AgentRow } from './agents.ts';
import { evolveAgent } from './agents-projection.ts';

const registered = recorded({ type: 'AgentRegistered', data: registration }, { seq: 3 });
const suspended = recorded(
  { type: 'AgentSuspended', data: { agentId: 'worker', reason: null } },
  { seq: 5 },
);
const newVersion = recorded(
  { type: 'AgentVersionRegistered', data: { ...registration, version: '2.0.0', owner: null } },
  { seq: 7 },
);
const retired = recorded(
  { type: 'AgentRetired', data: { agentId: 'worker', reason: null } },
  { seq: 8 },
);

function fold(events: readonly Parameters<typeof evolveAgent>[1][]): AgentRow | undefined {
  return events.reduce<AgentRow | undefined>(evolveAgent, undefined);
}

describe('the row of an agent', () => {
  test('shows the version registered last and stays where it was first listed', () => {
    expect(fold([registered, suspended, newVersion])).toMatchObject({
      status: 'suspended',
      version: '2.0.0',
      owner: null,
      registered_at: '2027-01-04T09:00:03.000Z',
      updated_at: '2027-01-04T09:00:07.000Z',
      created_seq: 3,
      seq: 7,
    });
  });

  test('has the status that the aggregate has, after any of its events', () => {
    const events = [
      registered,
      suspended,
      newVersion,
      retired,
      recorded({ type: 'AgentRegistered', data: registration }, { seq: 9 }),
    ];
    let state = agent.initial();
    let row: AgentRow | undefined;
    for (const event of events) {
      state = agent.evolve(state, event);
      row = evolveAgent(row, event);
      expect(row?.status).toBe(state.status);
    }
  });

  test('never goes back in time', () => {
    const early = recorded(
      { type: 'AgentResumed', data: { agentId: 'worker', reason: null } },
      { seq: 6, timeMs: 0 },
    );
    expect(fold([registered, suspended, early])?.updated_at).toBe('2027-01-04T09:00:05.000Z');
  });

  test('is not made by events of an agent that never registered', () => {
    expect(fold([suspended])).toBeUndefined();
  });
});
