/** Requests and subscriptions of one API key: bodies out, parsed replies and coded errors back. */
import { MAX_BODY_BYTES, tenantId, WritError, writHeaders } from '@writ/contracts';
import {
  headers as newHeaders,
  type Msg,
  type MsgHdrs,
  type Subscription,
} from '@nats-io/transport-node';
import { keyIdOf } from './api-key.ts';
import { withRetries } from './backoff.ts';
import { type BusConnection, openConnection } from './bus-connection.ts';
import type { CommandOptions, ConnectOptions } from './options.ts';
import { mayPass, noReply, refusalIn } from './wire-error.ts';

const TIMEOUT_MS = 5_000;
const RETRIES = 4;

export type Outgoing = {
  readonly subject: string;
  /** What is sent, in words for error messages. */
  readonly asked: string;
  readonly body: unknown;
  readonly options: CommandOptions;
};

export type Link = {
  readonly keyId: string;
  readonly tenant: string;
  /** Sends a request and returns its parsed reply; throws a `WritError` for a refusal and for no reply. */
  call(outgoing: Outgoing): Promise<unknown>;
  subscribe(subject: string): Subscription;
  /** Resolves when the bus has taken everything sent so far, subscriptions too. */
  flush(): Promise<void>;
  /** Lets what is under way finish, then closes. */
  close(): Promise<void>;
};

/** Connects with an API key; throws `UNAUTHENTICATED`, `BUS_UNAVAILABLE` or `CONFIG_INVALID`. */
export async function openLink(options: ConnectOptions): Promise<Link> {
  const keyId = keyIdOf(options.apiKey);
  const tenant = options.tenant ?? 'default';
  if (!tenantId.safeParse(tenant).success)
    throw new WritError(
      'CONFIG_INVALID',
      `\`${tenant}\` can not be a tenant; use the one that the key was made in`,
    );
  const bus = await openConnection(options, keyId);
  const { connection } = bus;
  let closing: Promise<void> | undefined;
  return {
    keyId,
    tenant,
    call: (outgoing) => call(bus, options, outgoing),
    subscribe: (subject) => connection.subscribe(subject),
    flush: () => connection.flush(),
    close: () => (closing ??= bus.close()),
  };
}

function call(
  bus: BusConnection,
  defaults: ConnectOptions,
  { subject, asked, body, options }: Outgoing,
): Promise<unknown> {
  const data = encodeBody(body);
  const timeout = options.timeoutMs ?? defaults.timeoutMs ?? TIMEOUT_MS;
  const headers = headersOf({ ...options, ...correlationOf(options, defaults) });
  const once = async (): Promise<unknown> => {
    let reply: Msg;
    try {
      const make = () => bus.connection.request(subject, data, { timeout, headers });
      reply = await bus.request(make, timeout);
    } catch (thrown) {
      throw thrown instanceof WritError ? thrown : noReply(thrown, asked);
    }
    return accepted(reply, asked);
  };
  const retries = options.retries ?? defaults.retries ?? RETRIES;
  return withRetries(once, { retries, signal: options.signal, mayPass });
}

function accepted(reply: Msg, asked: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(reply.string());
  } catch (cause) {
    throw new WritError(
      'INTERNAL',
      `the answer to ${asked} is not JSON; check what answers there`,
      { cause },
    );
  }
  const refusal = refusalIn(parsed);
  if (refusal) throw refusal;
  return parsed;
}

function encodeBody(body: unknown): Uint8Array {
  let data: Uint8Array;
  try {
    data = new TextEncoder().encode(JSON.stringify(body));
  } catch (cause) {
    throw new WritError(
      'BODY_MALFORMED',
      'the body can not be written as JSON; leave out cycles and bigints',
      { cause },
    );
  }
  if (data.length > MAX_BODY_BYTES)
    throw new WritError(
      'BODY_TOO_LARGE',
      `the body has ${data.length} bytes; at most ${MAX_BODY_BYTES} are taken`,
    );
  return data;
}

function correlationOf(
  options: CommandOptions,
  defaults: ConnectOptions,
): { correlationId?: string } {
  const correlationId = options.correlationId ?? defaults.correlationId;
  return correlationId === undefined ? {} : { correlationId };
}

function headersOf({ idempotencyKey, correlationId, traceparent }: CommandOptions): MsgHdrs {
  const lines = newHeaders();
  if (idempotencyKey !== undefined) lines.set(writHeaders.idempotencyKey, idempotencyKey);
  if (correlationId !== undefined) lines.set(writHeaders.correlationId, correlationId);
  if (traceparent !== undefined) lines.set('traceparent', traceparent);
  return lines;
}
