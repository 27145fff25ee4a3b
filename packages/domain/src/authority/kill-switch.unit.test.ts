import { describe, expect, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { agent, type AgentState, type Registration } from '../registry/agent.ts';
import {
  killSwitch,
  type KillSwitchCommand,
  type KillSwitchState,
  OPERATOR_TENANT,
  switchThatStops,
} from './kill-switch.ts';

type Scope = KillSwitchCommand['scope'];
const reason = 'drill';
const engage = (scope: Scope, of = OPERATOR_TENANT): KillSwitchCommand => ({
  type: 'EngageKillSwitch',
  tenant: of,
  scope,
  reason,
});
const release = (scope: Scope, of = OPERATOR_TENANT): KillSwitchCommand => ({
  ...engage(scope, of),
  type: 'ReleaseKillSwitch',
});
const engaged = (scope: Scope) => ({ type: 'KillSwitchEngaged', data: { scope, reason } }) as const;
const released = (scope: Scope) =>
  ({ type: 'KillSwitchReleased', data: { scope, reason } }) as const;
const the = specify(killSwitch);

const ride: Scope = { kind: 'agent', id: 'ride' };
const charts: Scope = { kind: 'type', id: 'charts' };
const tenant: Scope = { kind: 'tenant' };
const all: Scope = { kind: 'all' };

describe('a kill switch', () => {
  test('is engaged once and released once', () => {
    the.given().when(engage(ride)).then(engaged(ride));
    the.given(engaged(ride)).when(engage(ride)).then();
    the.given(engaged(ride)).when(release(ride)).then(released(ride));
    the.given().when(release(ride)).then();
    the.given(engaged(ride), released(ride)).when(engage(ride)).then(engaged(ride));
  });

  test('of all tenants is turned by those who run the cell only', () => {
    the.given().when(engage(all)).then(engaged(all));
    the.given().when(engage(all, 'acme')).thenThrows('NOT_ALLOWED');
    the.given(engaged(all)).when(release(all, 'acme')).thenThrows('NOT_ALLOWED');
    the.given().when(engage(tenant, 'acme')).then(engaged(tenant));
  });

  test('of one scope leaves the others as they are', () => {
    the.given(engaged(tenant)).when(release(ride)).then();
    the.given(engaged(ride)).when(engage(charts)).then(engaged(charts));
  });
});

describe('of the engaged switches', () => {
  const stateOf = (...scopes: Scope[]): KillSwitchState =>
    the
      .given(...scopes.map(engaged))
      .when(release({ kind: 'agent', id: 'nobody' }))
      .then();
  const stopped = (state: KillSwitchState, agentId: string, known?: AgentState) =>
    switchThatStops(state, agentId, known)?.scope;

  test('none stops whom it does not name', () => {
    expect(stopped(stateOf(), 'ride', registered('maps'))).toBeUndefined();
    expect(stopped(stateOf(ride, charts), 'other', registered('maps'))).toBeUndefined();
  });

  test('the widest is named', () => {
    const known = registered('charts');
    expect(stopped(stateOf(ride), 'ride', known)).toEqual(ride);
    expect(stopped(stateOf(ride, charts), 'ride', known)).toEqual(charts);
    expect(stopped(stateOf(ride, charts, tenant), 'ride', known)).toEqual(tenant);
    expect(stopped(stateOf(ride, charts, tenant, all), 'ride', known)).toEqual(all);
  });

  test('one of an agent stops it before it is registered', () => {
    expect(stopped(stateOf(ride), 'ride')).toEqual(ride);
  });

  test('one of a type stops whoever was ever registered under it, whatever it calls itself now', () => {
    const renamed = ['charts', 'harmless', 'harmless'].reduce(
      (state, type, n) => registered(type, state, n < 2 ? '1.0.0' : '2.0.0'),
      agent.initial(),
    );
    expect(stopped(stateOf(charts), 'ride', renamed)).toEqual(charts);
  });
});

function registered(type: string, state = agent.initial(), version = '1.0.0'): AgentState {
  const data: Registration = {
    agentId: 'ride',
    name: 'Ride',
    type,
    version,
    capabilities: [],
    runtime: { kind: 'nats' },
    owner: null,
    labels: {},
    keyId: 'k0registrar',
  };
  return agent.evolve(state, { type: 'AgentVersionRegistered', data, timeMs: 1 });
}
