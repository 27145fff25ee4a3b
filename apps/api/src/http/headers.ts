/** Headers that callers set: what they may be, and what of them goes on to the bus. */
import { clientId, WritError, writHeaders } from '@writ/contracts';
import type { RequestHeaders } from './route.ts';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Printable ASCII only: what is echoed must be a header value again. */
const ECHOABLE = /^[\x21-\x7e][\x20-\x7e]{0,199}$/;

/** One header by its lower-case name; throws `HEADER_INVALID` when it was sent twice. */
export function headerOf(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  if (!Array.isArray(value)) return value;
  throw invalid(name, 'must be sent once');
}

/** The request id that a caller gave, where it can be sent back. */
export function echoableRequestId(headers: RequestHeaders): string | undefined {
  const value = headers['x-request-id'];
  return typeof value === 'string' && ECHOABLE.test(value) ? value : undefined;
}

/** The headers of a command on the bus. */
export function commandHeaders(headers: RequestHeaders): [string, string][] {
  const lines: [string, string][] = [];
  const idempotencyKey = idempotencyKeyOf(headers);
  if (idempotencyKey !== undefined) lines.push([writHeaders.idempotencyKey, idempotencyKey]);
  const correlationId = given(headers, 'writ-correlation-id') ?? correlatingRequestId(headers);
  if (correlationId !== undefined) lines.push([writHeaders.correlationId, correlationId]);
  const traceparent = headers['traceparent'];
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent))
    lines.push(['traceparent', traceparent]);
  return lines;
}

/** A caller that numbers its requests finds their events by that number. */
function correlatingRequestId(headers: RequestHeaders): string | undefined {
  return clientId.safeParse(headers['x-request-id']).data;
}

function idempotencyKeyOf(headers: RequestHeaders): string | undefined {
  const common = given(headers, 'idempotency-key');
  const ours = given(headers, 'writ-idempotency-key');
  if (common !== undefined && ours !== undefined && common !== ours)
    throw invalid('idempotency-key', 'differs from `writ-idempotency-key`; send one of them');
  return common ?? ours;
}

function given(headers: RequestHeaders, name: string): string | undefined {
  const value = headerOf(headers, name);
  if (value === undefined) return undefined;
  const checked = clientId.safeParse(value);
  if (checked.success) return checked.data;
  throw invalid(name, checked.error.issues[0]?.message ?? 'is not valid');
}

function invalid(name: string, message: string): WritError {
  return new WritError('HEADER_INVALID', `the header \`${name}\` ${message}`, {
    details: [{ path: name, message }],
  });
}
