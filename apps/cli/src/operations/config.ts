/** `writ config`: the settings in force, and the configuration of an external NATS server. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { cellSecrets, secretsFile } from '../platform/cell-access.ts';
import { handled, type Host, type Session } from '../session.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { countBetween } from '../verb.ts';

type Setting = {
  readonly name: string;
  readonly value: string | number | null;
  readonly from: string;
};

type NatsFlags = {
  readonly port: number;
  readonly host: string;
  readonly storeDir: string;
  readonly serverName: string;
};

export function addConfigVerbs(program: Command, host: Host): void {
  const config = program.command('config').description('settings: show, nats');
  config
    .command('show')
    .description('every setting, and where its value comes from')
    .action(handled(host, show));
  config
    .command('nats')
    .description('print the configuration that an external nats-server needs to serve Writ')
    .option('--port <port>', 'the port it listens on', countBetween(1, 65_535), 4222)
    .option('--host <host>', 'the address it listens on', '127.0.0.1')
    .option('--store-dir <dir>', 'where it keeps its streams', '/var/lib/nats')
    .option('--server-name <name>', 'its name', 'writ-1')
    .addHelpText(
      'after',
      '\nThe text names the roles by their public keys and holds the ingest prefix: keep it as private as the secrets file.' +
        '\n\nExample:\n  writ config nats --store-dir /var/lib/nats > nats.conf && nats-server --config nats.conf',
    )
    .action(handled<NatsFlags>(host, printNatsConfig));
}

async function show({ config, out }: Session): Promise<void> {
  const settings: Setting[] = Object.keys(config.sources).map((name) => ({
    name,
    value: masked(
      name,
      (config.environment as Readonly<Record<string, string | number | undefined>>)[name],
    ),
    from: config.sources[name] ?? 'default',
  }));
  const columns: Column<Setting>[] = [
    { title: 'SETTING', cell: (row) => row.name },
    { title: 'VALUE', cell: (row) => (row.value === null ? '' : String(row.value)) },
    {
      title: 'FROM',
      cell: (row) => row.from,
      paint: (row) => (row.from === 'default' ? out.colours.dim : out.colours.cyan),
    },
  ];
  out.document({ dataDir: config.dataDir, secretsFile: secretsFile(config), settings }, () =>
    renderTable(out, columns, settings, ''),
  );
}

/** What may be shown: the id of a key without its secret, addresses without their passwords. */
export function masked(name: string, value: string | number | undefined): string | number | null {
  if (value === undefined) return null;
  if (typeof value === 'number') return value;
  if (name === 'WRIT_API_KEY') return value.replace(/^(writ_[a-z0-9]+_).*$/, '$1…');
  return value
    .replace(/(\w+:\/\/[^:@/\s]*):[^@/\s]*@/g, '$1:…@')
    .replace(/(\w+:\/\/)[^:@/\s]+@/g, '$1…@');
}

async function printNatsConfig(
  { config, out }: Session,
  _args: readonly string[],
  flags: NatsFlags,
): Promise<void> {
  const secrets = await cellSecrets(config);
  const { natsServerConfig } = await import('@writ/bus');
  const text = natsServerConfig(secrets, {
    serverName: flags.serverName,
    host: flags.host,
    port: flags.port,
    monitorPort: null,
    storeDir: join(flags.storeDir),
    syncAlways: config.environment.WRIT_SYNC === 'always',
  });
  out.document({ config: text }, () => text);
}
