/** The log over HTTP: pages of it, and its tail as server-sent events. */
import {
  agentId,
  clientId,
  eventView,
  listedText,
  pageQuery,
  toEventView,
  WritError,
} from '@writ/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { headerOf } from '../http/headers.ts';
import { none } from '../http/parameters.ts';
import { atLeast, sequence, since, until } from '../http/query-fields.ts';
import { type Answer, callerOf, route, type Route } from '../http/route.ts';
import { pageOf } from '../reads/page.ts';
import { tokenAt } from '../reads/token.ts';
import { waitForLog } from '../reads/wait-for-log.ts';
import { type EventFilter, eventTypeNamed } from './filter.ts';
import { readEvents } from './history.ts';
import { openStream } from './open-stream.ts';

const tag = 'events';

const range = {
  from: sequence.optional().meta({ description: 'the first sequence wanted' }),
  to: sequence.optional().meta({ description: 'the last sequence wanted' }),
  since,
  until,
  type: listedText
    .optional()
    .meta({ description: 'a name, e.g. `AgentRegistered`, or a full type' }),
  correlationId: clientId.optional(),
};

const agentHistoryQuery = z.strictObject({ ...range, ...pageQuery, atLeast });
/** What a page of the log can be narrowed to, over HTTP and on the bus. */
export const historyQuery = z.strictObject({
  ...agentHistoryQuery.shape,
  agentId: agentId.optional(),
});
const streamQuery = z.strictObject({
  from: range.from,
  type: range.type,
  agentId: agentId.optional(),
  correlationId: range.correlationId,
});
const eventPage = pageOf(eventView);

type HistoryQuery = z.output<typeof historyQuery>;

async function history(
  tenant: string,
  query: HistoryQuery,
  dependencies: ApiDependencies,
): Promise<Answer> {
  const { events, hub } = dependencies;
  await waitForLog({ log: events, hub }, query.atLeast);
  const page = await readEvents(events, filterOf(tenant, query), query);
  return {
    body: { items: page.events.map(toEventView), nextCursor: page.nextCursor },
    token: tokenAt(events, page.lastSeq),
  };
}

export function filterOf(tenant: string, query: Partial<HistoryQuery>): EventFilter {
  const { from, to, since: sinceMs, until: untilMs, type, agentId: agent, correlationId } = query;
  return {
    tenant,
    from,
    to,
    sinceMs,
    untilMs,
    type: type === undefined ? undefined : eventTypeNamed(type),
    agentId: agent,
    correlationId,
  };
}

const errors = [
  'QUERY_INVALID',
  'CURSOR_INVALID',
  'TOKEN_INVALID',
  'STALE_STATE',
  'LOG_UNAVAILABLE',
  'EVENT_UNREADABLE',
] as const;

export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/events',
    operation: 'listEvents',
    tag,
    summary:
      'the events of the log in its order; a page may hold fewer than asked for and still have a next one',
    access: ['admin'],
    params: none,
    query: historyQuery,
    answers: { 200: { description: 'a page, oldest first', schema: eventPage } },
    errors,
    handle: (call, dependencies) => history(callerOf(call).tenant, call.query, dependencies),
  }),
  route({
    method: 'GET',
    path: '/v1/agents/{agentId}/events',
    operation: 'listAgentEvents',
    tag: 'agents',
    summary: 'the life of an agent: its events in the order of the log',
    access: ['admin', 'agent'],
    params: z.strictObject({ agentId }),
    query: agentHistoryQuery,
    answers: { 200: { description: 'a page, oldest first', schema: eventPage } },
    errors,
    handle: (call, dependencies) =>
      history(callerOf(call).tenant, { ...call.query, agentId: call.params.agentId }, dependencies),
  }),
  route({
    method: 'GET',
    path: '/v1/events/stream',
    operation: 'streamEvents',
    tag,
    summary:
      'new events as they are stored; `id` is the sequence, `Last-Event-ID` goes on after it',
    access: ['admin'],
    params: none,
    query: streamQuery,
    answers: {
      200: {
        description: 'server-sent events; `data` is an event',
        contentType: 'text/event-stream',
      },
    },
    errors: ['QUERY_INVALID', 'HEADER_INVALID', 'OVERLOADED'],
    handle: async (call, dependencies) => {
      const caller = callerOf(call);
      const filter = filterOf(caller.tenant, { ...call.query, from: undefined });
      const afterSeq =
        lastEventId(headerOf(call.headers, 'last-event-id'), dependencies.hub.lastSeq) ??
        startOf(call.query.from, dependencies.hub.lastSeq);
      return openStream({ caller, filter, afterSeq }, dependencies);
    },
  }),
];

function startOf(from: number | undefined, lastSeq: number): number {
  return from === undefined ? lastSeq : Math.max(0, from - 1);
}

function lastEventId(value: string | undefined, lastSeq: number): number | undefined {
  if (value === undefined || value === '') return undefined;
  const seq = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (seq <= lastSeq) return seq;
  throw new WritError(
    'HEADER_INVALID',
    `the header \`last-event-id\` is no sequence of this log, which ends at ${lastSeq}; leave it out to begin now`,
    {
      details: [{ path: 'last-event-id', message: `must be a sequence up to ${lastSeq}` }],
    },
  );
}
