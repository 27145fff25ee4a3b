/** Events as a client sees them, live and from history. */
import { type EventData, type EventName, eventNameOf, parseEventSubject, percentDecode } from '@writ/contracts';
import type { Msg } from '@nats-io/transport-node';

type Meta = {
  /** The position in the log: greater is later, and no two events share one. */
  readonly seq: number;
  readonly id: string;
  readonly subject: string;
  readonly tenant: string;
  /** RFC 3339, UTC, by the clock rule of the log. */
  readonly time: string;
  /** Who caused it: the id of an API key, or of a role. */
  readonly actor: string;
  readonly correlationId: string | null;
};

/** An event of the log; `type` tells the shape of `data`. */
export type LoggedEvent<N extends EventName = EventName> = {
  [K in N]: Meta & { readonly type: K; readonly data: EventData<K> };
}[N];

/**
 * The event in a message of the republished subjects. `undefined` for whatever is not one: an acknowledgement that was
 * steered here by its reply subject has no sequence and no id, and an event of a later release has an unknown type.
 */
export function readLiveEvent(message: Msg): LoggedEvent | undefined {
  const header = (name: string): string => message.headers?.get(name) ?? '';
  const seq = Number(header('Nats-Sequence'));
  const id = header('ce-id');
  const type = eventNameOf(header('ce-type'));
  const address = parseEventSubject(message.subject);
  if (!Number.isSafeInteger(seq) || seq < 1 || id === '' || !type || !address || !header('Nats-Stream').startsWith('EVENTS-')) return undefined;
  const correlationId = header('ce-correlationid');
  return {
    seq,
    id,
    type,
    subject: message.subject,
    tenant: address.tenant,
    time: header('ce-time'),
    actor: percentDecode(header('ce-authid')),
    correlationId: correlationId === '' ? null : percentDecode(correlationId),
    // Written by roles only, under the schema that the type names.
    data: JSON.parse(message.string()) as never,
  };
}
