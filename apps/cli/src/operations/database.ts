/** `writ db`: the tables of the read models. */
import type { Command } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { databaseUrlOf, withStore } from '../platform/cell-access.ts';
import { handled, type Host, type Session } from '../session.ts';

export function addDatabaseVerbs(program: Command, host: Host): void {
  const database = program.command('db').description('the tables of the read models: migrate');
  database
    .command('migrate')
    .description('bring the tables up to this release')
    .action(handled(host, migrateTables));
  database
    .command('rebuild [projection]', { hidden: true })
    .action(
      handled(host, () =>
        Promise.reject(
          new CliFailure(
            exitCodes.usage,
            'rebuilding one projection is not part of this release; `writ doctor --deep` says whether rows differ from the log, `writ doctor --repair` rebuilds all',
          ),
        ),
      ),
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
