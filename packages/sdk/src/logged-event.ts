/** Events as a client sees them, live and from history. */
import {
  agentIdOfAddress,
  type EventData,
  type EventName,
  eventTypes,
  type EventView,
  parseEventSubject,
  percentDecode,
} from '@writ/contracts';
import type { Msg } from '@nats-io/transport-node';

type Shown<N extends EventName> = N extends 'KeyCreated'
  ? Omit<EventData<N>, 'secretHash'>
  : EventData<N>;

/** An event of the log; `type` is its name and tells the shape of `data`. */
export type LoggedEvent<N extends EventName = EventName> = {
  [K in N]: Omit<EventView, 'type' | 'data'> & { readonly type: K; readonly data: Shown<K> };
}[N];

/** The event that history shows, with the data of its newest version; `undefined` for one of a later release. */
export function readShownEvent(view: EventView): LoggedEvent | undefined {
  const known = eventTypes.resolve(view.type);
  if (known === undefined) return undefined;
  const data = known.upcast === undefined ? view.data : known.upcast(view.data);
  // Data is written by roles only, under the schema that the type names.
  return { ...view, type: known.name, data } as LoggedEvent;
}

/**
 * The event in a message of the republished subjects. `undefined` for whatever is not one: an acknowledgement that was
 * steered here by its reply subject has no sequence and no id, and an event of a later release has an unknown type.
 */
export function readLiveEvent(message: Msg): LoggedEvent | undefined {
  const header = (name: string): string => message.headers?.get(name) ?? '';
  const optional = (name: string): string | null => percentDecode(header(name)) || null;
  const seq = Number(header('Nats-Sequence'));
  const id = header('ce-id');
  const address = parseEventSubject(message.subject);
  if (
    !Number.isSafeInteger(seq) ||
    seq < 1 ||
    id === '' ||
    !address ||
    !header('Nats-Stream').startsWith('EVENTS-')
  )
    return undefined;
  const { secretHash: _, ...data } = message.json<Record<string, unknown>>();
  return readShownEvent({
    seq,
    id,
    type: header('ce-type'),
    time: header('ce-time'),
    tenant: address.tenant,
    subject: message.subject,
    agentId: agentIdOfAddress(address) ?? null,
    version: Number(header('ce-writversion')),
    actor: {
      type: header('ce-authtype') === 'system' ? 'system' : 'api_key',
      id: percentDecode(header('ce-authid')),
    },
    correlationId: optional('ce-correlationid'),
    causationId: optional('ce-causationid'),
    data,
  });
}
