/** `writ grants`: who may do what to what. */
import type { CommandAccepted, CommandInput, GrantView } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { list, shortTime } from '../terminal/format.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import {
  countBetween,
  encoded,
  futureTime,
  type ListOptions,
  type Page,
  repeated,
  withPaging,
} from '../verb.ts';

type IssueFlags = {
  readonly action: readonly string[];
  readonly resource: readonly string[];
  readonly expires?: string;
  readonly notBefore?: string;
  readonly maxCostMicros?: number;
  readonly reason?: string;
};

type ListFlags = ListOptions & {
  readonly agent?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly status?: string;
};

export function addGrantVerbs(program: Command, host: Host): void {
  const grants = program.command('grants').description('grants: list, issue, revoke');
  withPaging(grants.command('list').description('list the grants'))
    .option('--agent <agentId>', 'of this agent')
    .option('--action <name>', 'that cover this action')
    .option('--resource <name>', 'that cover this resource')
    .option('--status <status>', 'active, not_yet, expired or revoked')
    .action(handled<ListFlags>(host, listGrants));
  grants
    .command('issue <agentId>')
    .description('grant actions on resources to an agent')
    .requiredOption('--action <pattern>', 'exact, or ending in * (repeatable)', repeated)
    .requiredOption('--resource <pattern>', '<type>:<id>, or ending in * (repeatable)', repeated)
    .option('--expires <time>', 'until when: an RFC 3339 time, or 30d from now', futureTime)
    .option('--not-before <time>', 'from when on', futureTime)
    .option(
      '--max-cost-micros <n>',
      'the most one action may cost',
      countBetween(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  writ grants issue langgraph-v2:chart_generator --action generate_chart --resource "dataset:*" --expires 30d',
    )
    .action(handled<IssueFlags>(host, issueGrant));
  grants
    .command('revoke <grantId>')
    .description('take a grant back')
    .option('--reason <text>', 'why')
    .action(
      handled<{ readonly reason?: string }>(
        host,
        async ({ api, out }, [grantId = ''], { reason }) => {
          const body = reason === undefined ? {} : { reason };
          const reply = await api().send<CommandAccepted>(
            'DELETE',
            `/v1/grants/${encoded(grantId)}`,
            body,
          );
          sayAccepted(
            out,
            reply,
            `grant \`${grantId}\` is revoked`,
            `grant \`${grantId}\` was revoked already`,
          );
        },
      ),
    );
}

async function listGrants(
  session: Session,
  _args: readonly string[],
  flags: ListFlags,
): Promise<void> {
  const { agent: agentId, action, resource, status, limit, cursor } = flags;
  const query = { agentId, action, resource, status, limit, cursor };
  const page = await session.api().get<Page<GrantView>>('/v1/grants', query);
  const { colours } = session.out;
  const columns: Column<GrantView>[] = [
    { title: 'GRANT', cell: (row) => row.grantId },
    { title: 'AGENT', cell: (row) => row.agentId },
    { title: 'ACTIONS', cell: (row) => list(row.actions) },
    { title: 'RESOURCES', cell: (row) => list(row.resources) },
    {
      title: 'STATUS',
      cell: (row) => row.status,
      paint: (row) => (row.status === 'active' ? colours.green : colours.dim),
    },
    { title: 'UNTIL', cell: (row) => shortTime(row.expiresAt) },
    {
      title: 'CONDITIONS',
      cell: (row) =>
        Object.keys(row.conditions).length === 0 ? '' : JSON.stringify(row.conditions),
    },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no grants'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function issueGrant(
  { api, out }: Session,
  [agentId = '']: readonly string[],
  flags: IssueFlags,
): Promise<void> {
  if (
    flags.expires !== undefined &&
    flags.notBefore !== undefined &&
    flags.expires <= flags.notBefore
  )
    throw new CliFailure(
      exitCodes.usage,
      'the grant would end before it begins; give --expires a later time',
    );
  const body = {
    agentId,
    actions: [...flags.action],
    resources: [...flags.resource],
    ...(flags.expires === undefined ? {} : { expiresAt: flags.expires }),
    ...(flags.notBefore === undefined ? {} : { notBefore: flags.notBefore }),
    ...(flags.maxCostMicros === undefined
      ? {}
      : { conditions: { maxCostMicros: flags.maxCostMicros } }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  } satisfies CommandInput<'authority.issue-grant'>;
  const reply = await api().send<CommandAccepted>('POST', '/v1/grants', body);
  const grantId = String(reply.result['grantId']);
  sayAccepted(
    out,
    reply,
    `grant \`${grantId}\` is issued to \`${agentId}\``,
    `grant \`${grantId}\` was there already`,
  );
}
