/** A cell as it runs in production, on one machine: three NATS nodes, Postgres with fsync, every role twice. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAs,
  generateSecrets,
  type NatsConnection,
  natsServerConfig,
  openEventStore,
  type Secrets,
  type UserName,
  writeSecrets,
} from '@writ/bus';
import {
  type EmbeddedPostgres,
  type NatsCluster,
  startNatsCluster,
  startPostgres,
} from '@writ/embedded';
import { migrate, openStore } from '@writ/readmodels';
import { applyStreams, type Topology, topology } from '@writ/streams';
import { ensureAdminKey } from '../../apps/cli/src/platform/admin-key.ts';
import { roleNames } from '../../apps/cli/src/platform/role-names.ts';
import { type Member, natsMember, postgresMember, roleMember } from './member.ts';

export type StageOptions = {
  /** `roles`: a process for each role, twice; `hosts`: two processes with all roles each. */
  readonly layout: 'roles' | 'hosts';
  readonly onFault: (said: string) => void;
  /** The directory it all happens in; a new one, removed at the end, when left out. */
  readonly dataDir?: string;
};

export type Stage = {
  readonly dataDir: string;
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly adminKey: string;
  readonly topology: Topology;
  readonly members: readonly Member[];
  /** A connection that is closed with the stage. */
  connect(user: UserName): Promise<NatsConnection>;
  stop(): Promise<void>;
};

export const TENANT = 'default';
const COPIES = 2;
/** Each process that is started here listens to the end of this one. */
const LISTENERS = 100;

/** Starts everything and waits until it is ready. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'writ-chaos-')));
  const secrets = generateSecrets();
  process.setMaxListeners(LISTENERS);
  const [cluster, postgres] = await startServers(secrets, dataDir);
  const natsUrl = cluster.urls().join(',');
  const open: NatsConnection[] = [];
  const connect = async (user: UserName): Promise<NatsConnection> => {
    const connection = await connectAs(secrets, user, { servers: natsUrl, name: `chaos-${user}` });
    open.push(connection);
    return connection;
  };
  const roles: Member[] = [];
  const servers: Member[] = [
    ...cluster.nodes().map((_, index) => natsMember(cluster, index)),
    postgresMember(postgres, join(dataDir, 'postgres')),
  ];
  const stop = async (): Promise<void> => {
    await Promise.all(roles.map((member) => member.stop()));
    await Promise.all(open.map((connection) => connection.close().catch(() => undefined)));
    await Promise.all([cluster.stop(), ...servers.map((member) => member.stop())]);
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await writeSecrets(join(dataDir, 'secrets.json'), secrets);
    const declared = topology({ ingest: secrets.ingest, replicas: 3 });
    await applyStreams(await connect('operator'), declared);
    const tables = openStore(postgres.url, { max: 1 });
    await migrate(tables).finally(() => tables.close());
    const store = openEventStore({ connection: await connect('commander-store'), ...secrets });
    const { apiKey } = await ensureAdminKey({ dataDir, tenant: TENANT, secrets, store });
    const env = {
      WRIT_DATA_DIR: dataDir,
      WRIT_NATS_URL: natsUrl,
      WRIT_DATABASE_URL: postgres.url,
      WRIT_HTTP_PORT: '0',
      WRIT_LOG_LEVEL: 'warn',
    };
    roles.push(...roleProcesses(options, env));
    await Promise.all(roles.map((member) => member.restart()));
    const members = [...servers, ...roles];
    return {
      dataDir,
      secrets,
      natsUrl,
      databaseUrl: postgres.url,
      adminKey: apiKey,
      topology: declared,
      members,
      connect,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServers(
  secrets: Secrets,
  dataDir: string,
): Promise<[NatsCluster, EmbeddedPostgres]> {
  await mkdir(join(dataDir, 'postgres'), { recursive: true });
  return await Promise.all([
    startNatsCluster({ dataDir, size: 3, configText: (place) => natsServerConfig(secrets, place) }),
    startPostgres({ dataDir: join(dataDir, 'postgres') }),
  ]);
}

function roleProcesses(
  { layout, onFault }: StageOptions,
  env: Readonly<Record<string, string>>,
): Member[] {
  const groups =
    layout === 'hosts'
      ? [{ kind: 'host', roles: roleNames }]
      : roleNames.map((name) => ({ kind: name, roles: [name] }));
  return groups.flatMap((group) =>
    Array.from({ length: COPIES }, (_, index) =>
      roleMember({ ...group, number: index + 1, env, onFault }),
    ),
  );
}
