/** Events as messages of the log: attributes in headers by CloudEvents' binary mode, data as the JSON body. */
import {
  encodeAttributes,
  type EventMeta,
  type EventTypes,
  eventTypes,
  percentDecode,
  percentEncode,
  type RecordedEvent,
  typeOf,
  type Upcast,
  WritError,
  type WritEvent,
  writHeaders,
} from '@writ/contracts';
import { readAttributes } from './event-attributes.ts';
import { timeMsOf } from './event-time.ts';
import { asBuffer } from './header-block.ts';

/** An event that is to be stored. */
export type NewEvent = WritEvent & {
  readonly id: string;
  readonly timeMs: number;
  /** The aggregate's own version after this event, from 1. */
  readonly version: number;
  readonly tenant: string;
  readonly actor: EventMeta['actor'];
  /** `ce-subject`, e.g. `agent/langgraph-v2:chart_generator`. */
  readonly aggregate: string;
  readonly correlationId?: string | null;
  readonly causationId?: string | null;
  readonly traceparent?: string | null;
  readonly idempotencyKey?: string | null;
  readonly fingerprint?: string | null;
};

/** An event as the log returns it, with what retries are recognised by. */
export type StoredEvent = RecordedEvent & {
  readonly idempotencyKey: string | null;
  readonly fingerprint: string | null;
};

/** A message of the log before it is decoded. */
export type StoredMessage = {
  readonly seq: number;
  readonly subject: string;
  readonly headers: string;
  readonly data: Uint8Array;
};

export type EncodedEvent = {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  /** Header lines without those that change from try to try. */
  readonly headers: string;
  readonly body: Uint8Array;
};

/** Encodes an event; `source` names the cell and the segment that it is stored in. */
export function encodeEvent(event: NewEvent, source: string): EncodedEvent {
  // What is written stays for ever: nothing enters the log that could not be read again.
  if (
    !Number.isSafeInteger(event.version) ||
    event.version < 1 ||
    !Number.isSafeInteger(event.timeMs)
  )
    throw new WritError(
      'INTERNAL',
      `the event \`${event.type}\` has version ${event.version} and time ${event.timeMs}`,
    );
  const type = typeOf(event.type);
  const time = new Date(event.timeMs).toISOString();
  let headers = encodeAttributes({
    id: event.id,
    type,
    source,
    subject: event.aggregate,
    time,
    correlationid: event.correlationId ?? undefined,
    causationid: event.causationId ?? undefined,
    authtype: event.actor.type,
    authid: event.actor.id,
    traceparent: event.traceparent ?? undefined,
    writtenant: event.tenant,
    writversion: String(event.version),
  });
  if (event.idempotencyKey)
    headers += `${writHeaders.idempotencyKey}: ${percentEncode(event.idempotencyKey)}\r\n`;
  if (event.fingerprint)
    headers += `${writHeaders.fingerprint}: ${percentEncode(event.fingerprint)}\r\n`;
  return {
    id: event.id,
    type,
    time,
    headers,
    body: Buffer.from(JSON.stringify(event.data), 'utf8'),
  };
}

/** Who decodes, and which types of events it knows. */
export type Decoding = {
  /** The role to upgrade when there is more in the log than it can read. */
  readonly reader?: string;
  readonly types?: EventTypes;
};

const STANDARD: Decoding = {};

/**
 * Decodes a message of the log; data of an older version comes as that of the newest. Throws `EVENT_UNREADABLE` that
 * names its sequence, what is wrong with it and who has to be upgraded.
 */
export function decodeEvent(message: StoredMessage, decoding = STANDARD): StoredEvent {
  const types: EventTypes = decoding.types ?? eventTypes;
  const a = readAttributes(message.headers);
  const timeMs = timeMsOf(a.time ?? '');
  const version = Number(a.version);
  if (
    a.id === undefined ||
    a.type === undefined ||
    a.tenant === undefined ||
    Number.isNaN(timeMs) ||
    !(version > 0)
  )
    throw unreadable(message, 'lacks one of its attributes');
  const known = types.resolve(a.type);
  if (known === undefined) {
    const role = decoding.reader === undefined ? 'this role' : `the role \`${decoding.reader}\``;
    throw unreadable(message, `${types.explain(a.type)}; upgrade ${role}`);
  }
  const body = parseBody(message);
  const event: EventMeta & {
    type: string;
    data: unknown;
    idempotencyKey: string | null;
    fingerprint: string | null;
  } = {
    type: known.name,
    data: known.upcast === undefined ? body : upcast(message, known.upcast, body),
    seq: message.seq,
    subject: message.subject,
    tenant: a.tenant,
    id: percentDecode(a.id),
    timeMs,
    version,
    actor: {
      type: a.authtype === 'system' ? 'system' : 'api_key',
      id: percentDecode(a.authid ?? ''),
    },
    correlationId: a.correlationId === undefined ? null : percentDecode(a.correlationId),
    causationId: a.causationId === undefined ? null : percentDecode(a.causationId),
    idempotencyKey: a.idempotencyKey === undefined ? null : percentDecode(a.idempotencyKey),
    fingerprint: a.fingerprint === undefined ? null : percentDecode(a.fingerprint),
  };
  // The type names the schema that the data was checked against when it was written.
  return event as StoredEvent;
}

function upcast(message: StoredMessage, step: Upcast, body: unknown): unknown {
  try {
    return step(body as Readonly<Record<string, unknown>>);
  } catch (cause) {
    throw unreadable(message, 'has data that its upcaster does not take', cause);
  }
}

function parseBody(message: StoredMessage): unknown {
  try {
    return JSON.parse(asBuffer(message.data).toString('utf8'));
  } catch (cause) {
    throw unreadable(message, 'does not have a JSON body', cause);
  }
}

/** The subject stays out of it: callers of any tenant are told. */
function unreadable(message: StoredMessage, what: string, cause?: unknown): WritError {
  return new WritError('EVENT_UNREADABLE', `the event at ${message.seq} ${what}`, { cause });
}
