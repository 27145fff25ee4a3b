/** `writ keys`: API keys, their secrets shown once. */
import type { CommandAccepted, CommandInput, KeyRole, KeyView } from '@writ/contracts';
import { type Command, Option } from 'commander';
import { type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { list, shortTime } from '../terminal/format.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { encoded, futureTime, type ListOptions, type Page, repeated, withPaging } from '../verb.ts';

type CreateFlags = {
  readonly role: KeyRole;
  readonly agents?: readonly string[];
  readonly expires?: string;
};

export function addKeyVerbs(program: Command, host: Host): void {
  const keys = program.command('keys').description('API keys: list, create, revoke');
  withPaging(keys.command('list').description('list the keys')).action(
    handled<ListOptions>(host, listKeys),
  );
  keys
    .command('create <name>')
    .description('create a key; its secret is shown this once')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['agent', 'admin']).default('agent'),
    )
    .option(
      '--agents <pattern>',
      'the agents it speaks for: exact, or ending in * (repeatable)',
      repeated,
    )
    .option('--expires <time>', 'until when: an RFC 3339 time, or 30d from now', futureTime)
    .addHelpText(
      'after',
      '\nExample:\n  writ keys create worker --agents "langgraph-v2:*" --expires 90d',
    )
    .action(handled<CreateFlags>(host, createKey));
  keys
    .command('revoke <keyId>')
    .description('revoke a key and close its connections')
    .option('--reason <text>', 'why')
    .action(
      handled<{ readonly reason?: string }>(
        host,
        async ({ api, out }, [keyId = ''], { reason }) => {
          const body = reason === undefined ? {} : { reason };
          const reply = await api().send<CommandAccepted>(
            'DELETE',
            `/v1/keys/${encoded(keyId)}`,
            body,
          );
          sayAccepted(
            out,
            reply,
            `key \`${keyId}\` is revoked`,
            `key \`${keyId}\` was revoked already`,
          );
        },
      ),
    );
}

async function listKeys(
  session: Session,
  _args: readonly string[],
  { limit, cursor }: ListOptions,
): Promise<void> {
  const page = await session.api().get<Page<KeyView>>('/v1/keys', { limit, cursor });
  const { colours } = session.out;
  const columns: Column<KeyView>[] = [
    { title: 'KEY', cell: (row) => row.keyId },
    { title: 'NAME', cell: (row) => row.name },
    { title: 'ROLE', cell: (row) => row.role },
    {
      title: 'STATUS',
      cell: (row) => row.status,
      paint: (row) => (row.status === 'active' ? colours.green : colours.dim),
    },
    { title: 'SPEAKS FOR', cell: (row) => (row.role === 'admin' ? 'all' : list(row.agents)) },
    { title: 'UNTIL', cell: (row) => shortTime(row.expiresAt) },
    { title: 'CREATED', cell: (row) => shortTime(row.createdAt) },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no keys'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function createKey(
  { api, out }: Session,
  [name = '']: readonly string[],
  flags: CreateFlags,
): Promise<ExitCode> {
  const body = {
    name,
    role: flags.role,
    agents: [...(flags.agents ?? [])],
    ...(flags.expires === undefined ? {} : { expiresAt: flags.expires }),
  } satisfies CommandInput<'tenancy.create-key'>;
  const reply = await api().send<CommandAccepted>('POST', '/v1/keys', body);
  const { key: secret, keyId } = reply.result;
  if (out.json || secret !== undefined) out.document(reply, () => String(secret));
  const made = `key \`${String(keyId)}\``;
  if (secret === undefined) {
    out.note(`${made} was made before; its secret is not shown again: revoke it and make another`);
    return exitCodes.no;
  }
  if (!out.json) out.note(`${made} is created; keep the line above, it is not shown again`);
  return exitCodes.done;
}
