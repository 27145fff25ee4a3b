/** `writ decisions`: what was asked and how it was answered. */
import type { DecisionDetailView, DecisionView, UnlistedDecisionsView } from '@writ/contracts';
import type { Command } from 'commander';
import { fetchExplanation, renderExplanation } from './explanation.ts';
import { handled, type Host, type Session } from '../session.ts';
import { list, shortTime } from '../terminal/format.ts';
import { type Column, oneLine, renderFields, renderTable } from '../terminal/table.ts';
import { encoded, type ListOptions, type Page, withPaging, withTimes } from '../verb.ts';

type ListFlags = ListOptions & {
  readonly agent?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly flipped?: boolean;
  readonly since?: string;
  readonly until?: string;
};

export function addDecisionVerbs(program: Command, host: Host): void {
  const decisions = program
    .command('decisions')
    .description('decisions: list, show, explain, unlisted');
  withTimes(withPaging(decisions.command('list').description('list the decisions, newest first')))
    .option('--agent <agentId>', 'about this agent')
    .option('--action <name>', 'about this action')
    .option('--resource <name>', 'about this resource')
    .option('--outcome <outcome>', 'allow, deny or require_approval')
    .option('--code <code>', 'denied with this code, e.g. NO_GRANT')
    .option('--flipped', 'allowed, and a log-only policy would have denied it')
    .action(handled<ListFlags>(host, listDecisions));
  withPaging(
    decisions
      .command('unlisted')
      .description('what is not recorded one by one: lost by a crash, or denials counted together'),
  ).action(handled<ListOptions>(host, listUnlisted));
  decisions
    .command('show <decisionId>')
    .description('show one decision with its inputs')
    .action(handled(host, showDecision));
  decisions
    .command('explain <decisionId>')
    .description('say what a decision rested on, and what would have flipped it')
    .action(handled(host, explain));
}

async function listDecisions(
  session: Session,
  _args: readonly string[],
  flags: ListFlags,
): Promise<void> {
  const { agent: agentId, action, resource, outcome, code, since, until, limit, cursor } = flags;
  const flipped = flags.flipped === true ? 'true' : undefined;
  const page = await session.api().get<Page<DecisionView>>('/v1/decisions', {
    agentId,
    action,
    resource,
    outcome,
    code,
    flipped,
    since,
    until,
    limit,
    cursor,
  });
  const { colours } = session.out;
  const columns: Column<DecisionView>[] = [
    { title: 'TIME', cell: (row) => shortTime(row.evaluatedAt) },
    { title: 'AGENT', cell: (row) => row.agentId },
    { title: 'ACTION', cell: (row) => row.action },
    { title: 'RESOURCE', cell: (row) => row.resource },
    {
      title: 'OUTCOME',
      cell: (row) => row.outcome,
      paint: (row) => (row.outcome === 'allow' ? colours.green : colours.red),
    },
    { title: 'CODE', cell: (row) => row.code ?? '' },
    ...(flags.flipped === true
      ? [{ title: 'WOULD DENY', cell: (row: DecisionView) => list(row.wouldDeny) }]
      : []),
    { title: 'DECISION', cell: (row) => row.decisionId },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no decisions'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function listUnlisted(
  { api, out }: Session,
  _args: readonly string[],
  { limit, cursor }: ListOptions,
): Promise<void> {
  const page = await api().get<Page<UnlistedDecisionsView>>('/v1/decisions/unlisted', {
    limit,
    cursor,
  });
  const columns: Column<UnlistedDecisionsView>[] = [
    { title: 'TIME', cell: (row) => shortTime(row.at) },
    { title: 'GOVERNOR', cell: (row) => row.governor },
    {
      title: 'WHAT',
      cell: (row) =>
        row.kind === 'gap'
          ? `after a crash up to ${row.mayBeMissing} buffered records may be missing`
          : `${row.count} denials of key ${row.keyId} within a second: ${codesText(row.codes)}`,
    },
    { title: 'DECISION', cell: (row) => (row.kind === 'gap' ? '' : row.decisionId) },
  ];
  out.document(page, () =>
    renderTable(out, columns, page.items, 'every decision is recorded by itself'),
  );
  if (page.nextCursor !== null) out.note(`more: --cursor ${page.nextCursor}`);
}

function codesText(codes: Readonly<Record<string, number>>): string {
  return Object.entries(codes)
    .map(([code, count]) => `${count} ${code}`)
    .join(', ');
}

async function explain({ api, out }: Session, [decisionId = '']: readonly string[]): Promise<void> {
  const explanation = await fetchExplanation({ api }, decisionId);
  out.document(explanation, () => renderExplanation(out, explanation));
}

async function showDecision(
  { api, out }: Session,
  [decisionId = '']: readonly string[],
): Promise<void> {
  const row = await api().get<DecisionDetailView>(`/v1/decisions/${encoded(decisionId)}`);
  out.document(row, () => {
    const fields = renderFields(out, [
      ['decision', row.decisionId],
      [
        'outcome',
        row.code === null ? row.outcome : `${row.outcome} ${row.code}`,
        row.outcome === 'allow' ? out.colours.green : out.colours.red,
      ],
      ['agent', row.agentId],
      ['action', row.action],
      ['resource', row.resource],
      ['asked by key', row.keyId],
      ['trust', row.trust === null ? null : `${row.trust} of 1000`],
      ['determined by', list(row.policies)],
      ['would deny', row.wouldDeny.length === 0 ? null : list(row.wouldDeny)],
      ['policy set', row.policyDigest],
      ['state', `event ${row.seq}`],
      ['decided at', shortTime(row.evaluatedAt)],
      ['recorded', `${row.record.durability}, number ${row.record.n} of ${row.record.governor}`],
    ]);
    const reasons = row.reasons.map(
      (reason) => `  ${out.colours.dim(reason.kind)} ${oneLine(`${reason.id} ${reason.text}`)}`,
    );
    const inputs = ['', out.colours.dim('inputs'), JSON.stringify(row.inputs, null, 2)];
    return [fields, ...reasons, ...inputs].join('\n');
  });
}
