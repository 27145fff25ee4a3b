/** The connection of one API key: made once, then kept; lost connections are taken up again for ever. */
import { WritError } from '@writ/contracts';
import { connect as connectToBus, errors, type NatsConnection } from '@nats-io/transport-node';
import type { ConnectOptions } from './options.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LONGEST_MS = 10_000;

/** `refused` while the bus turns the key away on reconnecting. */
export type Health = { refused: boolean };
export type BusConnection = {
  readonly connection: NatsConnection;
  readonly health: Readonly<Health>;
};
type Pace = { readonly nextWaitMs: () => number; readonly reset: () => void };

/** Connects with an API key; throws `UNAUTHENTICATED` or `BUS_UNAVAILABLE`. */
export async function openConnection(
  options: ConnectOptions,
  keyId: string,
): Promise<BusConnection> {
  const pace = reconnectPace();
  const connection = await dial(options, { keyId, pace });
  pace.reset();
  const health: Health = { refused: false };
  void follow({ connection, health, pace }, options.onStatus);
  return { connection, health };
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
  { connection, health, pace }: { connection: NatsConnection; health: Health; pace: Pace },
  onStatus: ConnectOptions['onStatus'],
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'reconnect') {
      health.refused = false;
      pace.reset();
      onStatus?.({ state: 'connected', detail: status.server });
    } else if (status.type === 'disconnect') {
      onStatus?.({ state: 'disconnected', detail: status.server });
    } else if (status.type === 'error' && isRefusal(status.error)) {
      health.refused = true;
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

/** How long to wait between tries: the longer the bus is away the longer, half of it by chance. */
function reconnectPace(): Pace {
  let lostAt: number | undefined;
  return {
    nextWaitMs() {
      lostAt ??= Date.now();
      const ceiling = Math.min(
        RECONNECT_LONGEST_MS,
        Math.max(RECONNECT_FIRST_MS, Date.now() - lostAt),
      );
      return ceiling / 2 + Math.random() * (ceiling / 2);
    },
    reset() {
      lostAt = undefined;
    },
  };
}
