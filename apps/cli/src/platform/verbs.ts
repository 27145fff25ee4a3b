/** `writ up` and `writ run`. */
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { handled, type Host } from '../session.ts';
import { isRoleName, type RoleName, roleNames } from './role-names.ts';
import type { UpFlags } from './up.ts';

export function addPlatformVerbs(program: Command, host: Host): void {
  program
    .command('up')
    .description('start everything here: NATS, Postgres and all roles, until Ctrl-C')
    .option('--demo', 'let a small fleet of agents run when everything is ready')
    .option('--fresh', 'delete what the data directory holds first')
    .addHelpText(
      'after',
      '\nExample:\n  writ up --demo\n  WRIT_HTTP_PORT=0 writ up --data /var/lib/writ',
    )
    .action(
      handled<UpFlags>(host, async (session, _args, flags) =>
        (await import('./up.ts')).up(session, flags),
      ),
    );
  program
    .command('run')
    .description('start these roles alone, against servers that run already')
    .addArgument(new Argument('<roles...>', roleNames.join(', ')).argParser(gatherRoles))
    .addHelpText(
      'after',
      '\nExample:\n  WRIT_NATS_URL=nats://10.0.0.5:4222 WRIT_NATS_CREDS=secrets.json writ run governor',
    )
    .action(
      handled(host, async (session, names) =>
        (await import('./run.ts')).run(session, names.filter(isRoleName)),
      ),
    );
}

function gatherRoles(name: string, before: readonly RoleName[] | undefined): readonly RoleName[] {
  if (isRoleName(name)) return [...(before ?? []), name];
  throw new InvalidArgumentError(
    `there is no role \`${name}\`; the roles are ${roleNames.join(', ')}`,
  );
}
