/** `writ db`: the tables of the read models. */
import type { Command } from 'commander';
import { databaseUrlOf, withStore } from '../platform/cell-access.ts';
import { handled, type Host, type Session } from '../session.ts';
import type { RebuildFlags } from './rebuild.ts';

export function addDatabaseVerbs(program: Command, host: Host): void {
  const database = program
    .command('db')
    .description('the tables of the read models: migrate, rebuild');
  database
    .command('migrate')
    .description('bring the tables up to this release')
    .action(handled(host, migrateTables));
  database
    .command('rebuild [projections...]')
    .description(
      'build read models again from the log; the ones in use are read until the new ones are as far',
    )
    .option('--all', 'every projection')
    .action(
      handled<RebuildFlags>(host, async (session, names, flags) => {
        const { rebuildTables } = await import('./rebuild.ts');
        await rebuildTables(session, names, flags);
      }),
    );
}

async function migrateTables({ config, connection, out }: Session): Promise<void> {
  const { migrate } = await import('@writ/readmodels');
  const applied = await withStore(databaseUrlOf(config, connection()), 'writ-migrate', migrate);
  out.document({ applied }, () =>
    applied.length === 0
      ? 'the tables are up to date'
      : applied.map((name) => `${out.colours.green('applied')} ${name}`).join('\n'),
  );
}
