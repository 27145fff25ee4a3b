/** `writ trust`: the score of an agent, what it rests on, and giving feedback. */
import type {
  CommandAccepted,
  CommandInput,
  GiveFeedback,
  TrustContributionView,
  TrustView,
} from '@writ/contracts';
import { type Command, Option } from 'commander';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { shortTime } from '../terminal/format.ts';
import type { Output } from '../terminal/output.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';
import { decimalBetween, encoded } from '../verb.ts';
import { addTrustModelVerbs } from './models.ts';

type FeedbackFlags = {
  readonly rating: number;
  readonly severity?: GiveFeedback['severity'];
  readonly execution?: string;
  readonly rater: string;
  readonly source: GiveFeedback['source'];
  readonly comment?: string;
};

export function addTrustVerbs(program: Command, host: Host): void {
  const trust = program
    .command('trust')
    .description('trust: show, feedback, clear, models, publish-model');
  addTrustModelVerbs(trust, host);
  trust
    .command('show <agentId>')
    .description('show the score and what moved it')
    .action(handled(host, showTrust));
  trust
    .command('feedback <agentId>')
    .description('rate an agent')
    .requiredOption('--rating <n>', '0 (bad) to 1 (good)', decimalBetween(0, 1))
    .requiredOption('--rater <id>', 'who rates: an opaque id, e.g. usr_dana')
    .addOption(
      new Option('--source <source>', 'who the rater is')
        .choices(['human', 'system', 'peer', 'self'])
        .default('human'),
    )
    .option('--severity <severity>', 'trivial, normal, high (good) or minor, major, critical (bad)')
    .option('--execution <executionId>', 'the execution it is about')
    .option('--comment <text>', 'why')
    .action(handled<FeedbackFlags>(host, giveFeedback));
  trust
    .command('clear <agentId>')
    .description('clear the suspension that a critical event latched')
    .requiredOption('--reason <text>', 'why it is safe')
    .action(
      handled<{ readonly reason: string }>(
        host,
        async ({ api, out }, [agentId = ''], { reason }) => {
          const path = `/v1/agents/${encoded(agentId)}/clear-suspension`;
          const reply = await api().send<CommandAccepted>('POST', path, { reason });
          sayAccepted(
            out,
            reply,
            `the suspension of \`${agentId}\` is cleared`,
            `\`${agentId}\` was not suspended by trust`,
          );
        },
      ),
    );
}

async function showTrust({ api, out }: Session, [agentId = '']: readonly string[]): Promise<void> {
  const report = await api().get<TrustView>(`/v1/agents/${encoded(agentId)}/trust`);
  out.document(report, () => renderReport(out, report));
}

function renderReport(out: Output, report: TrustView): string {
  const { colours } = out;
  const fields = renderFields(out, [
    ['agent', report.agentId],
    ['trust', `${report.score} of 1000`, colours.bold],
    [
      'held back',
      report.latched ? `by event ${report.latchedBy}; \`writ trust clear\` ends that` : null,
      colours.red,
    ],
    [
      'expected',
      `${report.expected.toFixed(3)}, at least ${report.lowerBound.toFixed(3)}, uncertain by ${report.uncertainty.toFixed(3)}`,
    ],
    [
      'evidence',
      `good ${report.good.toFixed(3)}, bad ${report.bad.toFixed(3)}, from ${report.factCount} facts`,
    ],
    ['model', report.model],
    ['at', `${shortTime(report.at)}, event ${report.seq}`],
  ]);
  const columns: Column<TrustContributionView>[] = [
    { title: 'EVENT', cell: (fact) => String(fact.seq) },
    { title: 'WHAT', cell: (fact) => (fact.kind === 'feedbackGiven' ? 'feedback' : 'execution') },
    { title: 'AGE', cell: (fact) => age(fact.ageMinutes) },
    { title: 'GOOD', cell: (fact) => (fact.good === 0 ? '' : fact.good.toFixed(3)) },
    { title: 'BAD', cell: (fact) => (fact.bad === 0 ? '' : fact.bad.toFixed(3)) },
    {
      title: 'MOVES TRUST BY',
      cell: (fact) => signed(fact.effect * 1000),
      paint: (fact) => (fact.effect < 0 ? colours.red : colours.green),
    },
    { title: 'LIMITED BY', cell: (fact) => (fact.limitedBy ?? '').replaceAll('_', ' ') },
  ];
  const table = renderTable(out, columns, report.contributions, 'nothing has moved it yet');
  return `${fields}\n\n${table}${restOf(report)}`;
}

/** What the table does not show, so that all of the evidence is told. */
function restOf({ rest }: TrustView): string {
  if (rest.facts === 0) return '';
  return `\n\nand ${rest.facts} facts that move it less: good ${rest.good.toFixed(3)}, bad ${rest.bad.toFixed(3)}`;
}

function age(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

function signed(change: number): string {
  const text = change.toFixed(1);
  return change > 0 ? `+${text}` : text;
}

async function giveFeedback(
  { api, out }: Session,
  [agentId = '']: readonly string[],
  flags: FeedbackFlags,
): Promise<void> {
  const body = {
    agentId,
    rating: flags.rating,
    source: flags.source,
    rater: flags.rater,
    ...(flags.severity === undefined ? {} : { severity: flags.severity }),
    ...(flags.execution === undefined ? {} : { executionId: flags.execution }),
    ...(flags.comment === undefined ? {} : { comment: flags.comment }),
  } satisfies CommandInput<'trust.give-feedback'>;
  const reply = await api().send<CommandAccepted>('POST', '/v1/feedback', body);
  sayAccepted(
    out,
    reply,
    `\`${agentId}\` is rated ${flags.rating}`,
    'this feedback was given already',
  );
}
