/** An agent: its versions side by side, and whether it may act. */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';

export type AgentEventName =
  | 'AgentRegistered'
  | 'AgentVersionRegistered'
  | 'AgentSuspended'
  | 'AgentResumed'
  | 'AgentRetired';

/** What was registered of one version. */
export type Registration = EventData<'AgentRegistered'>;

export type AgentState =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'active' | 'suspended' | 'retired';
      /** The registration that came last. */
      readonly current: Registration;
      readonly versions: ReadonlyMap<string, Registration>;
      /** Every type it was ever registered under. */
      readonly types: readonly string[];
      readonly timeMs: number;
    };

export type AgentCommand =
  | { readonly type: 'RegisterAgent'; readonly registration: Registration }
  | {
      readonly type: 'SuspendAgent' | 'ResumeAgent' | 'RetireAgent';
      readonly agentId: string;
      readonly reason: string | null;
    };

function decide(state: AgentState, command: AgentCommand): readonly WritEvent<AgentEventName>[] {
  if (command.type === 'RegisterAgent') return register(state, command.registration);
  if (state.status === 'unknown')
    throw new Refusal(
      'AGENT_UNKNOWN',
      `agent \`${command.agentId}\` is not registered; register it first`,
    );
  const data = { agentId: command.agentId, reason: command.reason };
  switch (command.type) {
    case 'SuspendAgent':
      refuseRetired(state, command.agentId);
      return state.status === 'suspended' ? [] : [{ type: 'AgentSuspended', data }];
    case 'ResumeAgent':
      refuseRetired(state, command.agentId);
      return state.status === 'active' ? [] : [{ type: 'AgentResumed', data }];
    case 'RetireAgent':
      return state.status === 'retired' ? [] : [{ type: 'AgentRetired', data }];
  }
}

function register(
  state: AgentState,
  registration: Registration,
): readonly WritEvent<AgentEventName>[] {
  if (state.status === 'unknown' || state.status === 'retired')
    return [{ type: 'AgentRegistered', data: registration }];
  const known = state.versions.get(registration.version);
  return known && sameRegistration(known, registration)
    ? []
    : [{ type: 'AgentVersionRegistered', data: registration }];
}

function refuseRetired(state: AgentState, agentId: string): void {
  if (state.status === 'retired')
    throw new Refusal(
      'AGENT_RETIRED',
      `agent \`${agentId}\` is retired; register it again before changing it`,
    );
}

function evolve(state: AgentState, event: Folded<AgentEventName>): AgentState {
  switch (event.type) {
    case 'AgentRegistered':
    case 'AgentVersionRegistered': {
      const before = state.status === 'unknown' ? undefined : state;
      const versions = new Map(before?.versions).set(event.data.version, event.data);
      const { type } = event.data;
      const types = before?.types ?? [];
      const status = before?.status === 'suspended' ? 'suspended' : 'active';
      return {
        status,
        current: event.data,
        versions,
        types: types.includes(type) ? types : [...types, type],
        timeMs: laterOf(before?.timeMs ?? 0, event.timeMs),
      };
    }
    case 'AgentSuspended':
      return withStatus(state, 'suspended', event.timeMs);
    case 'AgentResumed':
      return withStatus(state, 'active', event.timeMs);
    case 'AgentRetired':
      return withStatus(state, 'retired', event.timeMs);
  }
}

function withStatus(
  state: AgentState,
  status: 'active' | 'suspended' | 'retired',
  timeMs: number,
): AgentState {
  return state.status === 'unknown'
    ? state
    : { ...state, status, timeMs: laterOf(state.timeMs, timeMs) };
}

/** True when both say the same; who registered it does not matter. */
function sameRegistration(a: Registration, b: Registration): boolean {
  return comparable(a) === comparable(b);
}

function comparable(registration: Registration): string {
  const { keyId: _, labels, capabilities, ...rest } = registration;
  return JSON.stringify(
    [rest, [...capabilities].sort(), Object.entries(labels).sort()],
    sortedKeys,
  );
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const agent: Decider<AgentState, AgentCommand, AgentEventName> = {
  initial: () => ({ status: 'unknown' }),
  decide,
  evolve,
};
