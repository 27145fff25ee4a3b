import { describe, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { type AgentStanding, type FactsCommand, facts } from './facts.ts';

const started = {
  executionId: 'e1',
  agentId: 'a',
  action: 'count',
  resource: 'dataset:x',
  decisionId: null,
  startedAt: null,
};
const reported = {
  ...started,
  outcome: 'succeeded' as const,
  severity: null,
  durationMs: 1,
  costMicros: 0,
  tokens: { input: 0, output: 0 },
  error: null,
};
const start = (standing: AgentStanding): FactsCommand => ({
  type: 'StartExecution',
  standing,
  fact: started,
});
const report = (standing: AgentStanding): FactsCommand => ({
  type: 'ReportExecution',
  standing,
  fact: reported,
});
const the = specify(facts);

describe('the facts of an agent', () => {
  test('are taken from a registered agent only', () => {
    the.given().when(report('unknown')).thenThrows('AGENT_UNKNOWN');
    the.given().when(start('unknown')).thenThrows('AGENT_UNKNOWN');
  });

  test('that begin work are refused from a stopped agent', () => {
    the.given().when(start('suspended')).thenThrows('AGENT_SUSPENDED');
    the.given().when(start('retired')).thenThrows('AGENT_RETIRED');
    the.given().when(start('active')).then({ type: 'ExecutionStarted', data: started });
  });

  test('that tell what was done are taken from a stopped agent too', () => {
    for (const standing of ['active', 'suspended', 'retired'] as const)
      the.given().when(report(standing)).then({ type: 'ExecutionReported', data: reported });
  });
});
