/** Folds the registry's events into the rows of agents. */
import { type AgentEventName, type AgentState, agent, type Registration } from '@writ/domain';
import type { RecordedEvent } from '@writ/contracts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type AgentRow, agentsTable, type AgentVersionRow, agentVersionsTable } from './agents.ts';
import { momentAt } from '../projection/moment.ts';

export const agentsProjection: Projection<ProjectedEvent> = {
  name: 'agents',
  version: 1,
  source: 'EVENTS',
  kinds: ['registry.agent'],
  tables: [agentsTable.name, agentVersionsTable.name],
  open() {
    const agents = rowSet(agentsTable);
    const versions = rowSet(agentVersionsTable);
    return {
      sets: [agents, versions],
      need(event) {
        if (isOfAgent(event)) agents.need(event.tenant, event.data.agentId);
      },
      apply(event) {
        if (!isOfAgent(event)) return;
        const row = evolveAgent(agents.get(event.tenant, event.data.agentId), event);
        if (row) agents.put(row);
        if (event.type === 'AgentRegistered' || event.type === 'AgentVersionRegistered')
          versions.put(versionRow(event));
      },
    };
  },
};

function isOfAgent(event: RecordedEvent): event is RecordedEvent<AgentEventName> {
  switch (event.type) {
    case 'AgentRegistered':
    case 'AgentVersionRegistered':
    case 'AgentSuspended':
    case 'AgentResumed':
    case 'AgentRetired':
      return true;
    default:
      return false;
  }
}

/** The row of an agent after an event; `undefined` for events of an agent that never registered. */
export function evolveAgent(
  row: AgentRow | undefined,
  event: RecordedEvent<AgentEventName>,
): AgentRow | undefined {
  const state = agent.evolve(row ? stateOf(row) : agent.initial(), event);
  if (state.status === 'unknown') return undefined;
  const at = momentAt(state.timeMs);
  return {
    tenant: event.tenant,
    agent_id: event.data.agentId,
    status: state.status,
    ...registrationColumns(state.current),
    registered_at: row?.registered_at ?? at,
    updated_at: at,
    created_seq: row?.created_seq ?? event.seq,
    seq: event.seq,
  };
}

function versionRow(
  event: RecordedEvent<'AgentRegistered' | 'AgentVersionRegistered'>,
): AgentVersionRow {
  return {
    tenant: event.tenant,
    agent_id: event.data.agentId,
    ...registrationColumns(event.data),
    registered_at: momentAt(event.timeMs),
    seq: event.seq,
  };
}

function registrationColumns({
  version,
  name,
  type,
  capabilities,
  runtime,
  owner,
  labels,
  keyId,
}: Registration) {
  return { version, name, type, capabilities, runtime, owner, labels, registered_by: keyId };
}

/** The state of the aggregate as far as its row keeps it; older versions have rows of their own. */
function stateOf(row: AgentRow): AgentState {
  const { agent_id, version, name, type, capabilities, runtime, owner, labels, registered_by } =
    row;
  const current = {
    agentId: agent_id,
    version,
    name,
    type,
    capabilities,
    runtime,
    owner,
    labels,
    keyId: registered_by,
  };
  return {
    status: row.status,
    current,
    versions: new Map([[version, current]]),
    types: [type],
    timeMs: Date.parse(row.updated_at),
  };
}
