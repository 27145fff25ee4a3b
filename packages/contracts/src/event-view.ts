/** An event as it is shown over HTTP, in streams of server-sent events and in replies to `ask.<key>.events`. */
import { z } from 'zod';
import { type RecordedEvent, typeOf } from './events.ts';
import { agentIdOfAddress, parseEventSubject } from './subjects.ts';

export const eventView = z.strictObject({
  seq: z.int(),
  id: z.string(),
  /** `dev.writ.registry.AgentRegistered.v1` */
  type: z.string(),
  /** RFC 3339 with milliseconds, UTC. */
  time: z.string(),
  tenant: z.string(),
  subject: z.string(),
  /** The agent that the event belongs to; null where it belongs to none. */
  agentId: z.string().nullable(),
  /** The aggregate's own version, from 1. */
  version: z.int(),
  actor: z.strictObject({ type: z.enum(['api_key', 'system']), id: z.string() }),
  correlationId: z.string().nullable(),
  causationId: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

export type EventView = z.infer<typeof eventView>;

/** Shows an event; the keyed hash of a key's secret stays in the log. */
export function toEventView(event: RecordedEvent): EventView {
  const address = parseEventSubject(event.subject);
  const data: Record<string, unknown> = { ...event.data };
  if (event.type === 'KeyCreated') delete data['secretHash'];
  return {
    seq: event.seq,
    id: event.id,
    type: typeOf(event.type),
    time: new Date(event.timeMs).toISOString(),
    tenant: event.tenant,
    subject: event.subject,
    agentId: (address && agentIdOfAddress(address)) ?? null,
    version: event.version,
    actor: { type: event.actor.type, id: event.actor.id },
    correlationId: event.correlationId,
    causationId: event.causationId,
    data,
  };
}
