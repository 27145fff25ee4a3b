/** Which events are asked for, and whether one of them is. */
import {
  agentIdOfAddress,
  agentTokens,
  type EventName,
  eventNameOf,
  events,
  parseEventSubject,
  type RecordedEvent,
  typeOf,
  WritError,
} from '@writ/contracts';
import type { StoredEvent } from '@writ/bus';

export type EventFilter = {
  readonly tenant: string;
  /** The first and the last sequence wanted, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly type?: EventName | undefined;
  readonly agentId?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Which agents' events the reader may see; all when left out. */
  readonly visible?: ((agentId: string | undefined) => boolean) | undefined;
};

/** The event behind `AgentRegistered` or `dev.writ.registry.AgentRegistered.v1`; throws `QUERY_INVALID` for any other. */
export function eventTypeNamed(text: string): EventName {
  const name = Object.hasOwn(events, text) ? (text as EventName) : eventNameOf(text);
  if (name) return name;
  const known = (Object.keys(events) as EventName[]).map((one) => `\`${one}\``).join(', ');
  throw new WritError(
    'QUERY_INVALID',
    `the query is not valid: \`type\` names no event of this release; use ${known}`,
    {
      details: [
        {
          path: 'type',
          message: `must be one of ${known}, or its full type, e.g. \`${typeOf('AgentRegistered')}\``,
        },
      ],
    },
  );
}

/** The subjects that the wanted events are on: one filter, since a read of the log takes one. */
export function subjectFilter({ tenant, agentId }: EventFilter): string {
  if (agentId === undefined) return `writ.${tenant}.evt.>`;
  const tokens = agentTokens(agentId);
  if (!tokens) throw new WritError('QUERY_INVALID', `\`${agentId}\` is not an agent id`);
  return `writ.${tenant}.evt.*.*.${tokens.container}.${tokens.name}`;
}

/** Compares all that the subject does not settle. */
export function matches(filter: EventFilter, event: RecordedEvent): boolean {
  if (filter.type !== undefined && event.type !== filter.type) return false;
  if (filter.sinceMs !== undefined && event.timeMs < filter.sinceMs) return false;
  if (filter.untilMs !== undefined && event.timeMs >= filter.untilMs) return false;
  if (filter.correlationId !== undefined && event.correlationId !== filter.correlationId)
    return false;
  return filter.visible === undefined || filter.visible(agentOf(event));
}

function agentOf({ subject }: RecordedEvent): string | undefined {
  const address = parseEventSubject(subject);
  return address && agentIdOfAddress(address);
}

/** True when an event of the whole log is wanted, subject and all. */
export function matchesSubject(filter: EventFilter, event: StoredEvent): boolean {
  const parts = event.subject.split('.');
  if (parts[1] !== filter.tenant) return false;
  if (filter.agentId === undefined) return true;
  const tokens = agentTokens(filter.agentId);
  return parts.length === 7 && parts[5] === tokens?.container && parts[6] === tokens?.name;
}
