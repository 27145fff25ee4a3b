/**
 * CloudEvents 1.0 in binary mode over NATS (binding 1.0.3-wip): attributes are headers `ce-<name>`,
 * percent-encoded as the binding says; the body is the JSON data.
 */

/** What is kept in headers beside the attributes: fingerprints for retries, never folded. */
export const writHeaders = {
  idempotencyKey: 'Writ-Idempotency-Key',
  correlationId: 'Writ-Correlation-Id',
  fingerprint: 'Writ-Fingerprint',
  token: 'Writ-Token',
} as const;

export type CloudEventAttributes = {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  /** RFC 3339 with milliseconds, UTC. */
  readonly time: string;
  readonly correlationid?: string | undefined;
  readonly causationid?: string | undefined;
  readonly authtype: 'api_key' | 'system';
  readonly authid: string;
  readonly traceparent?: string | undefined;
  readonly writtenant: string;
  readonly writversion: string;
};

/** The header lines of an event as text, each ended, without those of NATS itself. */
export function encodeAttributes(attributes: CloudEventAttributes): string {
  let text = 'ce-specversion: 1.0\r\nce-datacontenttype: application/json\r\n';
  for (const name of attributeNames) {
    const value = attributes[name];
    if (value !== undefined) text += `ce-${name}: ${percentEncode(value)}\r\n`;
  }
  return text;
}

const attributeNames = Object.keys({
  id: true,
  type: true,
  source: true,
  subject: true,
  time: true,
  correlationid: true,
  causationid: true,
  authtype: true,
  authid: true,
  traceparent: true,
  writtenant: true,
  writversion: true,
} satisfies Record<keyof CloudEventAttributes, true>) as (keyof CloudEventAttributes)[];

const NEEDS_ENCODING = /[^!#$&-~]|["%\\]/u;

/** Encodes everything but the printable ASCII that the HTTP binding (3.1.3.2) leaves as it is. */
export function percentEncode(value: string): string {
  if (!NEEDS_ENCODING.test(value)) return value;
  let out = '';
  for (const char of value) out += NEEDS_ENCODING.test(char) ? encodeUtf8(char) : char;
  return out;
}

/** The reverse; text that was not encoded comes back as it is. */
export function percentDecode(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const encoder = new TextEncoder();

function encodeUtf8(char: string): string {
  let out = '';
  for (const byte of encoder.encode(char))
    out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return out;
}
