/** Connections of roles: by nkey, with a private inbox, coming back for ever. */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { NatsConnectionImpl } from '@nats-io/nats-core/internal';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { WritError } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import { inboxOf } from './role-permissions.ts';
import type { Secrets, UserName } from './secrets.ts';

export type { NatsConnection } from '@nats-io/nats-core';

export type ConnectOptions = {
  /** One address or several separated by commas. */
  readonly servers: string;
  /** What monitoring calls the connection; the user's name when left out. */
  readonly name?: string;
};

/** How often a first connection is tried; a server, or this process, may be too busy to greet in time. */
const TRIES = 3;

/** Connects as a role's user; throws `BUS_UNAVAILABLE` when no server answers or the credentials are refused. */
export async function connectAs(
  secrets: Secrets,
  user: UserName,
  options: ConnectOptions,
): Promise<NatsConnection> {
  const servers = options.servers.split(',').map((server) => server.trim());
  const dial = () =>
    connect({
      servers,
      name: options.name ?? user,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(secrets.users[user].seed)),
      inboxPrefix: inboxOf(user),
      // A role outlives its servers: it reconnects for ever, also when a restarting server refuses it at first.
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: 200,
      reconnectJitter: 100,
      reconnectJitterTLS: 100,
      pingInterval: 5000,
      maxPingOut: 2,
      timeout: 5000,
      // Traces are captured per request otherwise, at the cost of half the publishing rate.
      noAsyncTraces: true,
    });
  try {
    const connection = await patiently(dial);
    // Watched from its first moment: who asks first while it is away must not think that it is up.
    watchOf(connection);
    return connection;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WritError(
      'BUS_UNAVAILABLE',
      `no connection to NATS at \`${options.servers}\` as \`${user}\`: ${why}; check WRIT_NATS_URL and the secrets file`,
      { cause },
    );
  }
}

/** Tries again where the time of a greeting was over; any other refusal stands. */
async function patiently(dial: () => Promise<NatsConnection>): Promise<NatsConnection> {
  for (let tries = 1; ; tries++) {
    try {
      return await dial();
    } catch (error) {
      // Ours is a `timeout`, the server's an `Authentication Timeout`.
      if (tries === TRIES || !(error instanceof Error) || !/timeout$/i.test(error.message))
        throw error;
    }
  }
}

/** Long enough to hand over what was sent to a bus that is there. */
const LEAVE_MS = 2000;

/** Hands over what was sent, then closes; a bus that is gone is not waited for. */
export async function disconnect(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  await soon(connection.drain());
  await connection.close();
}

/** Hands over what was sent; a bus that is gone is not waited for. */
export async function handOver(connection: NatsConnection): Promise<void> {
  if (!connection.isClosed()) await soon(connection.flush());
}

async function soon(work: Promise<void>): Promise<void> {
  const late = wait(LEAVE_MS, undefined, { ref: false });
  await Promise.race([work, late]).catch(() => undefined);
}

/** Where replies to this connection arrive. */
export function inboxPrefixOf(connection: NatsConnection): string {
  const prefix =
    connection instanceof NatsConnectionImpl ? connection.options.inboxPrefix : undefined;
  return typeof prefix === 'string' && prefix !== '' ? prefix : '_INBOX';
}

/** The role that a connection belongs to; `undefined` where it is nobody's of ours. */
export function roleOf(connection: NatsConnection): string | undefined {
  const user = /^_INBOX\.role\.([a-z-]+)$/.exec(inboxPrefixOf(connection))?.[1];
  return user?.split('-')[0];
}
