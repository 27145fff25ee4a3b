/** The configuration of a nats-server of the cell: loopback, accounts, the roles' users, auth callout for everybody else. */
import { fromSeed } from '@nats-io/nkeys';
import { inboxOf, rightsOf } from './role-permissions.ts';
import { type Secrets, type UserName, userNames } from './secrets.ts';

export type NatsServerOptions = {
  readonly serverName: string;
  readonly port: number;
  /** `null` switches monitoring off. */
  readonly monitorPort: number | null;
  readonly storeDir: string;
  /** Loopback unless told otherwise. */
  readonly host?: string;
  /** Sync to disk before each acknowledgement, instead of every second. */
  readonly syncAlways?: boolean;
  /** Largest message with its headers; 1 MiB when left out. */
  readonly maxPayloadBytes?: number;
  /** What the streams together may take on disk; 16 GiB when left out. */
  readonly maxFileStoreBytes?: number;
  readonly cluster?: {
    readonly name: string;
    readonly port: number;
    /** The addresses of all nodes, with the account below in them. */
    readonly routes: readonly string[];
    /** Who may join the cluster: whoever may reads and writes everything. */
    readonly account: { readonly user: string; readonly password: string };
  };
};

/** The accounts: the bus, the callout's own, and the one of the servers. */
export const accounts = { bus: 'WRIT', callout: 'AUTH', system: 'SYS' } as const;

const GIB = 1024 ** 3;
/** What the declared streams must fit into when nothing else is said. */
export const DEFAULT_FILE_STORE_BYTES = 16 * GIB;

/** The text of the configuration file. It holds public keys and the ingest prefix: keep it as private as the secrets. */
export function natsServerConfig(secrets: Secrets, options: NatsServerOptions): string {
  const host = options.host ?? '127.0.0.1';
  const lines = [
    `server_name: ${quote(options.serverName)}`,
    `listen: ${quote(`${host}:${options.port}`)}`,
    ...(options.monitorPort === null ? [] : [`http: ${quote(`127.0.0.1:${options.monitorPort}`)}`]),
    `max_payload: ${options.maxPayloadBytes ?? 1024 * 1024}`,
    'max_connections: 65536',
    'write_deadline: "10s"',
    'jetstream {',
    `  store_dir: ${quote(options.storeDir)}`,
    `  sync_interval: ${options.syncAlways === true ? 'always' : '"1s"'}`,
    '  max_memory_store: 268435456',
    `  max_file_store: ${options.maxFileStoreBytes ?? DEFAULT_FILE_STORE_BYTES}`,
    // Acknowledgements may be addressed to the JetStream API by whoever publishes to a stream; strict mode refuses their bodies.
    '  strict: true',
    '}',
    ...clusterLines(options, host),
    'accounts {',
    ...accountLines(secrets, accounts.system, ['gatekeeper-sys']),
    ...accountLines(secrets, accounts.callout, ['gatekeeper-callout']),
    ...accountLines(secrets, accounts.bus, userNames.filter(inBus), 'jetstream: enabled'),
    '}',
    `system_account: ${accounts.system}`,
    ...calloutLines(secrets),
  ];
  return `${lines.join('\n')}\n`;
}

function inBus(user: UserName): boolean {
  return user !== 'gatekeeper-sys' && user !== 'gatekeeper-callout';
}

function accountLines(
  secrets: Secrets,
  account: string,
  users: readonly UserName[],
  more?: string,
): string[] {
  return [
    `  ${account} {`,
    ...(more === undefined ? [] : [`    ${more}`]),
    '    users: [',
    ...users.map((user) => `      ${userLine(secrets, user)}`),
    '    ]',
    '  }',
  ];
}

function userLine(secrets: Secrets, user: UserName): string {
  const nkey = `nkey: ${secrets.users[user].public}`;
  const rights = rightsOf(user, secrets.ingest);
  // Roles read each other's replies at no time, not even the operator.
  if (rights === undefined) {
    const others = userNames.filter((name) => name !== user).map((name) => `${inboxOf(name)}.>`);
    return `{ ${nkey}, permissions: { publish: ${list(['>'])}, subscribe: { allow: ${list(['>'])}, deny: ${list(others)} } } }`;
  }
  return `{ ${nkey}, permissions: { publish: ${list(rights.publish)}, subscribe: ${list(rights.subscribe)} } }`;
}

function calloutLines(secrets: Secrets): string[] {
  return [
    'authorization {',
    '  timeout: 5',
    '  auth_callout {',
    `    issuer: ${fromSeed(new TextEncoder().encode(secrets.issuerSeed)).getPublicKey()}`,
    `    account: ${accounts.callout}`,
    `    auth_users: ${list(userNames.map((user) => secrets.users[user].public))}`,
    '  }',
    '}',
  ];
}

function clusterLines(options: NatsServerOptions, host: string): string[] {
  if (options.cluster === undefined) return [];
  const { name, port, routes, account } = options.cluster;
  return [
    'cluster {',
    `  name: ${quote(name)}`,
    `  listen: ${quote(`${host}:${port}`)}`,
    `  authorization { user: ${quote(account.user)}, password: ${quote(account.password)}, timeout: 5 }`,
    `  routes: ${list(routes)}`,
    '}',
  ];
}

function list(items: readonly string[]): string {
  return `[${items.map(quote).join(', ')}]`;
}

/** A string of the configuration language; backslashes and quotes are escaped, so that a path never ends it. */
function quote(text: string): string {
  return JSON.stringify(text);
}
