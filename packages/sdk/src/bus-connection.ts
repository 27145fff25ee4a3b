/**
 * The connection of one API key: made once, then kept.
 *
 * 1. A lost connection is taken up again for ever.
 * 2. A request is sent on a living connection only, and waits a while for one.
 * 3. A request under way when the connection is lost fails at once: its answer can not come any more.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { WritError } from '@writ/contracts';
import { connect as connectToBus, errors, type NatsConnection } from '@nats-io/transport-node';
import type { ConnectOptions } from './options.ts';

const DRAIN_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Long enough for the roles to be back first when a server restarts: it lets nobody in without them. */
const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_LONGEST_MS = 5_000;

export type BusConnection = {
  readonly connection: NatsConnection;
  /** Makes a request once there is a connection; throws `UNAUTHENTICATED` when the bus has turned the key away meanwhile. */
  request<T>(make: () => Promise<T>, patienceMs: number): Promise<T>;
  /** Lets what is under way finish, where there is somebody to finish it with, then closes. */
  close(): Promise<void>;
};
type Pace = { readonly nextWaitMs: () => number; readonly reset: () => void };
type Line = {
  connected: boolean;
  /** Whether the bus turns the key away on reconnecting. */
  refused: boolean;
  /** Called when the connection is lost, or is back. */
  readonly onLost: Set<() => void>;
  readonly onBack: Set<() => void>;
};

/** Connects with an API key; throws `UNAUTHENTICATED` or `BUS_UNAVAILABLE`. */
export async function openConnection(
  options: ConnectOptions,
  keyId: string,
): Promise<BusConnection> {
  const pace = reconnectPace();
  const connection = await dial(options, { keyId, pace });
  pace.reset();
  const line: Line = { connected: true, refused: false, onLost: new Set(), onBack: new Set() };
  void follow({ connection, line, pace }, options.onStatus);
  return {
    connection,
    async request(make, patienceMs) {
      if (!connection.isClosed()) await untilBack(line, patienceMs);
      return untilLost(line, make());
    },
    async close() {
      if (connection.isClosed()) return;
      const late = wait(DRAIN_MS, undefined, { ref: false });
      if (line.connected) await Promise.race([connection.drain(), late]).catch(() => undefined);
      if (!connection.isClosed()) await connection.close();
    },
  };
}

async function untilBack(line: Line, patienceMs: number): Promise<void> {
  if (line.connected) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      line.onBack.delete(settle);
      resolve();
    };
    const timer = setTimeout(settle, patienceMs);
    line.onBack.add(settle);
  });
  if (line.connected) return;
  if (line.refused)
    throw new WritError(
      'UNAUTHENTICATED',
      'the bus no longer accepts the key; it was revoked or has expired',
    );
  throw new WritError('BUS_UNAVAILABLE', 'the connection is lost and did not come back in time');
}

async function untilLost<T>(line: Line, reply: Promise<T>): Promise<T> {
  let lose = (): void => undefined;
  const lost = new Promise<never>((_, reject) => {
    lose = () =>
      reject(new WritError('BUS_UNAVAILABLE', 'the connection was lost before the answer came'));
    line.onLost.add(lose);
  });
  try {
    return await Promise.race([reply, lost]);
  } finally {
    line.onLost.delete(lose);
  }
}

async function dial(
  options: ConnectOptions,
  { keyId, pace }: { keyId: string; pace: Pace },
): Promise<NatsConnection> {
  try {
    return await connectToBus({
      servers: options.url.split(',').map((server) => server.trim()),
      token: options.apiKey,
      name: options.name ?? `writ-sdk ${keyId}`,
      inboxPrefix: `_INBOX.${keyId}`,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      // A gatekeeper that restarts refuses for a moment; a client must not give up over it.
      ignoreAuthErrorAbort: true,
      waitOnFirstConnect: options.waitForBus ?? false,
      reconnectDelayHandler: pace.nextWaitMs,
    });
  } catch (cause) {
    if (isRefusal(cause))
      throw new WritError(
        'UNAUTHENTICATED',
        `the bus refused key \`${keyId}\`: it is unknown, revoked or expired, or its secret is wrong`,
        { cause },
      );
    throw new WritError(
      'BUS_UNAVAILABLE',
      'the bus can not be reached; check the address and that it is running',
      { cause },
    );
  }
}

async function follow(
  { connection, line, pace }: { connection: NatsConnection; line: Line; pace: Pace },
  onStatus: ConnectOptions['onStatus'],
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'reconnect') {
      line.connected = true;
      line.refused = false;
      pace.reset();
      for (const settle of [...line.onBack]) settle();
      onStatus?.({ state: 'connected', detail: status.server });
    } else if (status.type === 'disconnect') {
      line.connected = false;
      for (const lose of [...line.onLost]) lose();
      onStatus?.({ state: 'disconnected', detail: status.server });
    } else if (status.type === 'error' && isRefusal(status.error)) {
      line.refused = true;
      onStatus?.({ state: 'refused', detail: status.error.message });
    }
  }
  onStatus?.({ state: 'closed' });
}

function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof errors.AuthorizationError ||
    thrown instanceof errors.UserAuthenticationExpiredError
  );
}

/** How long to wait between tries: a share of the time the bus is away, half of it by chance. */
function reconnectPace(): Pace {
  let lostAt: number | undefined;
  return {
    nextWaitMs() {
      lostAt ??= Date.now();
      const share = (Date.now() - lostAt) / 4;
      const ceiling = Math.min(RECONNECT_LONGEST_MS, Math.max(RECONNECT_FIRST_MS, share));
      return ceiling / 2 + Math.random() * (ceiling / 2);
    },
    reset() {
      lostAt = undefined;
    },
  };
}
