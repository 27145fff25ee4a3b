import { events, type EventName, typeOf } from '@writ/contracts';
import { expect, test } from 'vitest';
import { describeEvent, shortType, toneOf } from './describe-event.ts';

test('every event of the log has a short name', () => {
  for (const name of Object.keys(events) as EventName[]) expect(shortType(typeOf(name))).toBe(name);
});

test('a sentence says what happened, and its reason', () => {
  const data = { agentId: 'lg:a', reason: 'too careless' };
  expect(describeEvent('AgentSuspended', data)).toBe('suspended, because too careless');
  expect(describeEvent('AgentSuspended', { ...data, reason: null })).toBe('suspended');
});

test('an execution tells its outcome, its time and its error', () => {
  const data = {
    executionId: 'exec-1',
    agentId: 'lg:a',
    action: 'draw',
    resource: 'dataset:sales',
    decisionId: null,
    outcome: 'failed',
    severity: 'major',
    startedAt: null,
    durationMs: 12,
    costMicros: 0,
    tokens: { input: 0, output: 0 },
    error: { code: 'EMPTY', message: 'no rows' },
  };
  expect(describeEvent('ExecutionReported', data)).toBe(
    'draw on dataset:sales failed in 12 ms, severity major: EMPTY no rows (exec-1)',
  );
  expect(toneOf('ExecutionReported', data)).toBe('bad');
  expect(toneOf('ExecutionReported', { ...data, outcome: 'succeeded' })).toBe('good');
});

test('an event this release does not know shows its data', () => {
  expect(describeEvent('MissionStarted', { missionId: 'm' })).toBe('{"missionId":"m"}');
  expect(shortType('com.example.other')).toBe('com.example.other');
});

test('data of an odd shape is shown, not a failure', () => {
  expect(describeEvent('AgentRegistered', { capabilities: null })).toBe('{"capabilities":null}');
});
