/** `writ export`, `import`, `backup`, `restore`: the log in files, and out of them. */
import { type Command, InvalidArgumentError } from 'commander';
import { handled, type Host } from '../session.ts';
import type { BackupFlags } from './backup.ts';
import type { ExportFlags } from './export.ts';
import type { ImportFlags } from './import.ts';

export function addArchiveVerbs(program: Command, host: Host): void {
  program
    .command('export')
    .description("write one tenant's events to a compressed, checksummed file")
    .requiredOption('--out <file>', 'the file, which must not be there yet, e.g. acme.writ')
    .option('--tenant <tenant>', 'whose events (WRIT_TENANT)')
    .option(
      '--from-seq <seq>',
      'only from this sequence on; such a part can not be imported',
      sequence,
    )
    .option('--to-seq <seq>', 'only up to this sequence', sequence)
    .action(
      handled<ExportFlags>(host, async (session, _args, flags) =>
        (await import('./export.ts')).exportTenant(session, flags),
      ),
    );
  program
    .command('import <file>')
    .description('store the events of an exported tenant in a cell that has none of it')
    .option('--check', 'only read the file and verify it; exits with 1 when it is damaged')
    .option('--resume', 'go on with an import that ended half-way')
    .action(
      handled<ImportFlags>(host, async (session, args, flags) =>
        (await import('./import.ts')).importTenant(session, args[0] ?? '', flags),
      ),
    );
  program
    .command('backup <dir>')
    .description('write all streams of the cell to files, also while it runs')
    .option(
      '--with-secrets',
      'copy the secrets and the admin key too; without them the API keys are lost',
    )
    .option('--check', 'only read a backup and verify it; exits with 1 when it is damaged')
    .action(
      handled<BackupFlags>(host, async (session, args, flags) =>
        (await import('./backup.ts')).backup(session, args[0] ?? '', flags),
      ),
    );
  program
    .command('restore <dir>')
    .description('make a new data directory (or fill empty servers) from a backup')
    .action(
      handled(host, async (session, args) =>
        (await import('./restore.ts')).restore(session, args[0] ?? ''),
      ),
    );
}

function sequence(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('must be a sequence of the log, 1 or more');
}
