/** `writ approvals`: what agents ask persons to let them do, and the answer. */
import type {
  ApprovalDetailView,
  ApprovalReason,
  ApprovalView,
  CommandAccepted,
} from '@writ/contracts';
import type { Command } from 'commander';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { shortTime } from '../terminal/format.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';
import { encoded, type ListOptions, type Page, withPaging, withTimes } from '../verb.ts';

type ListFlags = ListOptions & {
  readonly agent?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
};

export function addApprovalVerbs(program: Command, host: Host): void {
  const approvals = program
    .command('approvals')
    .description('approvals: list, show, approve, reject');
  withTimes(withPaging(approvals.command('list').description('list the approvals')))
    .option('--agent <agentId>', 'of this agent')
    .option('--action <name>', 'of this action')
    .option('--resource <name>', 'on this resource')
    .option('--status <status>', 'pending, approved, rejected, used or expired')
    .action(handled<ListFlags>(host, listApprovals));
  approvals
    .command('show <approvalId>')
    .description('show what is to be approved')
    .action(handled(host, showApproval));
  const verdicts = [
    ['approve', 'approved', 'let the agent do exactly this, once'],
    ['reject', 'rejected', 'refuse it; asked again it is denied until the approval ends'],
  ] as const;
  for (const [verb, done, about] of verdicts)
    approvals
      .command(`${verb} <approvalId>`)
      .description(about)
      .option('--reason <text>', 'why')
      .action(
        handled<{ readonly reason?: string }>(
          host,
          async ({ api, out }, [approvalId = ''], { reason }) => {
            const path = `/v1/approvals/${encoded(approvalId)}/${verb}`;
            const body = reason === undefined ? {} : { reason };
            const reply = await api().send<CommandAccepted>('POST', path, body);
            const waits = reply.result['status'] === 'pending' ? ', and waits for another' : '';
            sayAccepted(
              out,
              reply,
              `approval \`${approvalId}\` is ${done}${waits}`,
              `you have ${done} \`${approvalId}\` already`,
            );
          },
        ),
      );
}

async function listApprovals(
  session: Session,
  _args: readonly string[],
  flags: ListFlags,
): Promise<void> {
  const { agent: agentId, action, resource, status, since, until, limit, cursor } = flags;
  const query = { agentId, action, resource, status, since, until, limit, cursor };
  const page = await session.api().get<Page<ApprovalView>>('/v1/approvals', query);
  const { colours } = session.out;
  const columns: Column<ApprovalView>[] = [
    { title: 'APPROVAL', cell: (row) => row.approvalId },
    { title: 'AGENT', cell: (row) => row.agentId },
    { title: 'ACTION', cell: (row) => row.action },
    { title: 'RESOURCE', cell: (row) => row.resource },
    {
      title: 'STATUS',
      cell: (row) => row.status,
      paint: (row) => (row.status === 'pending' ? colours.yellow : colours.dim),
    },
    { title: 'GIVEN', cell: givenOf },
    { title: 'UNTIL', cell: (row) => shortTime(row.expiresAt) },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no approvals'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function showApproval(
  { api, out }: Session,
  [approvalId = '']: readonly string[],
): Promise<void> {
  const path = `/v1/approvals/${encoded(approvalId)}`;
  const approval = await api().get<ApprovalDetailView>(path);
  out.document(approval, () =>
    renderFields(out, [
      ['approval', approval.approvalId],
      ['status', `${approval.status}, ${givenOf(approval)} given`],
      ['agent', approval.agentId],
      ['action', approval.action],
      ['resource', approval.resource],
      ['context', JSON.stringify(approval.context)],
      ['arguments', approval.argumentsHash],
      ['required by', approval.requiredBy.map(nameOf).join(', ')],
      ['asked by', `${approval.requestedBy} at ${shortTime(approval.requestedAt)}`],
      ['until', shortTime(approval.expiresAt)],
      ...approval.decisions.map(
        ({ verdict, by, at, reason }) =>
          [verdict, `by ${by} at ${shortTime(at)}${reason === null ? '' : `: ${reason}`}`] as const,
      ),
      ['used', approval.used && `${approval.used.decisionId} at ${shortTime(approval.used.at)}`],
    ]),
  );
}

function givenOf({ decisions, approvalsNeeded }: ApprovalView): string {
  const given = decisions.filter(({ verdict }) => verdict === 'approved').length;
  return `${given} of ${approvalsNeeded}`;
}

function nameOf({ kind, id }: ApprovalReason): string {
  return `${kind} ${id}`;
}
