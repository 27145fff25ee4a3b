/** `writ executions`: what agents did. */
import type { ExecutionView } from '@writ/contracts';
import type { Command } from 'commander';
import { handled, type Host, type Session } from '../session.ts';
import { milliseconds, shortTime } from '../terminal/format.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { type ListOptions, type Page, withPaging, withTimes } from '../verb.ts';

type ListFlags = ListOptions & {
  readonly agent?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
};

export function addExecutionVerbs(program: Command, host: Host): void {
  const executions = program.command('executions').description('executions: list');
  withTimes(withPaging(executions.command('list').description('list the executions, newest first')))
    .option('--agent <agentId>', 'of this agent')
    .option('--action <name>', 'of this action')
    .option('--outcome <outcome>', 'succeeded, failed, cancelled or timed_out')
    .action(handled<ListFlags>(host, listExecutions));
}

async function listExecutions(
  session: Session,
  _args: readonly string[],
  flags: ListFlags,
): Promise<void> {
  const { agent: agentId, action, outcome, since, until, limit, cursor } = flags;
  const page = await session.api().get<Page<ExecutionView>>('/v1/executions', {
    agentId,
    action,
    outcome,
    since,
    until,
    limit,
    cursor,
  });
  const { colours } = session.out;
  const outcomeOf = (row: ExecutionView) => row.outcome ?? row.status;
  const columns: Column<ExecutionView>[] = [
    { title: 'TIME', cell: (row) => shortTime(row.reportedAt ?? row.announcedAt) },
    { title: 'EXECUTION', cell: (row) => row.executionId },
    { title: 'AGENT', cell: (row) => row.agentId },
    { title: 'ACTION', cell: (row) => row.action },
    { title: 'RESOURCE', cell: (row) => row.resource },
    {
      title: 'OUTCOME',
      cell: outcomeOf,
      paint: (row) => (outcomeOf(row) === 'succeeded' ? colours.green : colours.yellow),
    },
    { title: 'TOOK', cell: (row) => milliseconds(row.durationMs) },
    {
      title: 'ERROR',
      cell: (row) => (row.error === null ? '' : `${row.error.code}: ${row.error.message}`),
    },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no executions'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}
