/** `writ kill-switch`: stops an agent, a type, the tenant or everything at once, and lets them go on. */
import type { CommandAccepted, KillSwitchScope, KillSwitchView } from '@writ/contracts';
import { type Command, Option } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { shortTime } from '../terminal/format.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { type ListOptions, type Page, withPaging } from '../verb.ts';

type ScopeFlags = {
  readonly agent?: string;
  readonly type?: string;
  readonly tenant?: true;
  readonly all?: true;
  readonly reason: string;
};
type ListFlags = ListOptions & { readonly status?: KillSwitchView['status'] };

export function addKillSwitchVerbs(program: Command, host: Host): void {
  const group = program.command('kill-switch').description('kill switches: list, engage, release');
  withPaging(group.command('list').description('list the kill switches, the latest first'))
    .addOption(new Option('--status <status>', 'only those').choices(['engaged', 'released']))
    .action(handled<ListFlags>(host, listSwitches));
  withScope(group.command('engage').description('stop at once: everything asked is denied'))
    .addHelpText(
      'after',
      '\nExamples:\n  writ kill-switch engage --agent langgraph-v2:chart_generator --reason "odd charts"\n  writ kill-switch engage --tenant --reason drill',
    )
    .action(
      handled<ScopeFlags>(host, (session, _args, flags) =>
        turn(session, flags, {
          path: '/v1/kill-switch',
          done: 'is stopped',
          before: 'was stopped already',
        }),
      ),
    );
  withScope(group.command('release').description('let what was stopped go on')).action(
    handled<ScopeFlags>(host, (session, _args, flags) =>
      turn(session, flags, {
        path: '/v1/kill-switch/release',
        done: 'may go on',
        before: 'was not stopped',
      }),
    ),
  );
}

function withScope(command: Command): Command {
  return command
    .option('--agent <agentId>', 'one agent')
    .option('--type <type>', 'every agent that was ever registered under this type')
    .option('--tenant', 'every agent of the tenant')
    .option('--all', 'every agent of every tenant')
    .requiredOption('--reason <text>', 'why');
}

function scopeOf({ agent, type, tenant, all }: ScopeFlags): KillSwitchScope {
  const scopes: KillSwitchScope[] = [];
  if (agent !== undefined) scopes.push({ kind: 'agent', id: agent });
  if (type !== undefined) scopes.push({ kind: 'type', id: type });
  if (tenant) scopes.push({ kind: 'tenant' });
  if (all) scopes.push({ kind: 'all' });
  const [only] = scopes;
  if (only !== undefined && scopes.length === 1) return only;
  throw new CliFailure(
    exitCodes.usage,
    'give one of `--agent <agentId>`, `--type <type>`, `--tenant`, `--all`',
  );
}

async function turn(
  { api, out }: Session,
  flags: ScopeFlags,
  { path, done, before }: { readonly path: string; readonly done: string; readonly before: string },
): Promise<void> {
  const scope = scopeOf(flags);
  const reply = await api().send<CommandAccepted>('POST', path, { scope, reason: flags.reason });
  sayAccepted(out, reply, `${nameOf(scope)} ${done}`, `${nameOf(scope)} ${before}`);
}

function nameOf(scope: KillSwitchScope): string {
  switch (scope.kind) {
    case 'agent':
      return `agent \`${scope.id}\``;
    case 'type':
      return `every agent of type \`${scope.id}\``;
    case 'tenant':
      return 'every agent of the tenant';
    case 'all':
      return 'every agent of every tenant';
  }
}

async function listSwitches(
  session: Session,
  _args: readonly string[],
  { limit, cursor, status }: ListFlags,
): Promise<void> {
  const page = await session
    .api()
    .get<Page<KillSwitchView>>('/v1/kill-switch', { limit, cursor, status });
  const { colours } = session.out;
  const columns: Column<KillSwitchView>[] = [
    {
      title: 'SCOPE',
      cell: ({ scope }) => ('id' in scope ? `${scope.kind} ${scope.id}` : scope.kind),
    },
    {
      title: 'STATUS',
      cell: (row) => row.status,
      paint: (row) => (row.status === 'engaged' ? colours.red : colours.dim),
    },
    { title: 'STOPPED', cell: (row) => `${shortTime(row.engaged.at)} by ${row.engaged.by}` },
    { title: 'WHY', cell: (row) => row.engaged.reason },
    {
      title: 'LET GO ON',
      cell: ({ released }) =>
        released === null ? '' : `${shortTime(released.at)} by ${released.by}: ${released.reason}`,
    },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no kill switch'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}
