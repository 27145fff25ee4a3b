import { describe, expect, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { type AgentCommand, agent, type Registration } from './agent.ts';

const registration: Registration = {
  agentId: 'town:counter',
  name: 'Counter',
  type: 'analysis',
  version: '1.0.0',
  capabilities: ['count', 'sum'],
  runtime: { kind: 'nats' },
  owner: 'team-a',
  labels: { b: '2', a: '1' },
  keyId: 'key0000001',
};
const registered = { type: 'AgentRegistered', data: registration } as const;
const suspended = {
  type: 'AgentSuspended',
  data: { agentId: 'town:counter', reason: 'odd' },
} as const;
const retired = { type: 'AgentRetired', data: { agentId: 'town:counter', reason: null } } as const;
const of = (
  type: Exclude<AgentCommand['type'], 'RegisterAgent'>,
  reason: string | null = null,
): AgentCommand => ({
  type,
  agentId: 'town:counter',
  reason,
});
const register = (changed: Partial<Registration> = {}): AgentCommand => ({
  type: 'RegisterAgent',
  registration: { ...registration, ...changed },
});
const an = specify(agent);

describe('an agent', () => {
  test('registers once', () => {
    an.given().when(register()).then(registered);
  });

  test('registered again with the same words changes nothing, whoever says them and in whatever order', () => {
    an.given(registered)
      .when(
        register({
          keyId: 'key0000002',
          capabilities: ['sum', 'count'],
          labels: { a: '1', b: '2' },
        }),
      )
      .then();
  });

  test('registered with another word is a new version event, and both versions stay', () => {
    const data = { ...registration, version: '1.1.0' };
    const state = an
      .given(registered)
      .when(register({ version: '1.1.0' }))
      .then({ type: 'AgentVersionRegistered', data });
    expect(state.status === 'unknown' ? [] : [...state.versions.keys()]).toEqual([
      '1.0.0',
      '1.1.0',
    ]);
  });

  test('stays suspended when it registers a new version', () => {
    const data = { ...registration, version: '2.0.0' };
    const state = an
      .given(registered, suspended)
      .when(register({ version: '2.0.0' }))
      .then({ type: 'AgentVersionRegistered', data });
    expect(state.status).toBe('suspended');
  });

  test('is suspended and resumed, each once', () => {
    an.given(registered).when(of('SuspendAgent', 'odd')).then(suspended);
    an.given(registered, suspended).when(of('SuspendAgent', 'again')).then();
    an.given(registered, suspended)
      .when(of('ResumeAgent'))
      .then({ type: 'AgentResumed', data: { agentId: 'town:counter', reason: null } });
    an.given(registered).when(of('ResumeAgent')).then();
  });

  test('can not be stopped, resumed or retired before it is registered', () => {
    for (const type of ['SuspendAgent', 'ResumeAgent', 'RetireAgent'] as const)
      an.given().when(of(type)).thenThrows('AGENT_UNKNOWN');
  });

  test('retires once, and then takes only a new registration', () => {
    an.given(registered).when(of('RetireAgent')).then(retired);
    an.given(registered, retired).when(of('RetireAgent')).then();
    an.given(registered, retired).when(of('SuspendAgent')).thenThrows('AGENT_RETIRED');
    an.given(registered, retired).when(register()).then(registered);
  });
});
