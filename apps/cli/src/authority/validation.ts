/** `writ validation`: the rules that results are held against, and how results were judged. */
import { readFile } from 'node:fs/promises';
import type {
  CommandAccepted,
  ValidationReply,
  ValidationRulesView,
  ValidationView,
} from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { list, shortTime } from '../terminal/format.ts';
import { type Column, oneLine, renderTable } from '../terminal/table.ts';
import { jsonObject, type ListOptions, type Page, withPaging, withTimes } from '../verb.ts';

type ListFlags = ListOptions & {
  readonly agent?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
};

type Checked = readonly [agentId: string, action: string, result: Record<string, unknown>];
type CheckFlags = { readonly execution?: string };

export function addValidationVerbs(program: Command, host: Host): void {
  const validation = program
    .command('validation')
    .description('validation: check, list, rules, publish');
  validation
    .command('check <agentId> <action>')
    .argument('<result>', 'a JSON object', jsonObject)
    .description('may this result be used? exits with 1 when not')
    .option('--execution <id>', 'the execution that it came from')
    .addHelpText(
      'after',
      '\nExample:\n  writ validation check langgraph-v2:chart_generator generate_chart \'{"title":"Q3"}\'',
    )
    .action(handled<CheckFlags, Checked>(host, check));
  withTimes(withPaging(validation.command('list').description('list the results that were judged')))
    .option('--agent <agentId>', 'of this agent')
    .option('--action <name>', 'of this action')
    .option('--outcome <outcome>', 'accept, reject or redact')
    .action(handled<ListFlags>(host, listResults));
  withPaging(validation.command('rules').description('list the versions of the rules')).action(
    handled<ListOptions>(host, listRules),
  );
  validation
    .command('publish <file>')
    .description('publish rules from a YAML or JSON file; they hold at once')
    .option('--note <text>', 'what this version is for')
    .action(handled<{ readonly note?: string }>(host, publish));
}

async function check(
  { api, out }: Session,
  [agentId, action, result]: Checked,
  { execution }: CheckFlags,
): Promise<ExitCode> {
  const { colours } = out;
  const { decision, context } = await api().ask<ValidationReply>('/v1/validations', {
    agentId,
    action,
    result,
    ...(execution === undefined ? {} : { executionId: execution }),
  });
  out.document({ decision, context }, () =>
    [
      (decision ? colours.green : colours.red)(context.outcome) +
        (context.code === undefined ? '' : ` ${colours.bold(context.code)}`) +
        (context.message === undefined ? '' : `: ${oneLine(context.message)}`),
      ...context.reasons
        .filter((reason) => reason.text !== context.message)
        .map((reason) => `  ${oneLine(reason.text)}`),
      ...(context.result === undefined ? [] : ['', JSON.stringify(context.result, null, 2)]),
    ].join('\n'),
  );
  return decision ? exitCodes.done : exitCodes.no;
}

async function listResults(
  { api, out }: Session,
  _args: readonly string[],
  { agent: agentId, ...filters }: ListFlags,
): Promise<void> {
  const page = await api().get<Page<ValidationView>>('/v1/validations', { agentId, ...filters });
  const { colours } = out;
  const columns: Column<ValidationView>[] = [
    { title: 'TIME', cell: (row) => shortTime(row.validatedAt) },
    { title: 'AGENT', cell: (row) => row.agentId },
    { title: 'ACTION', cell: (row) => row.action },
    {
      title: 'OUTCOME',
      cell: (row) => row.outcome,
      paint: (row) => (row.outcome === 'reject' ? colours.red : colours.green),
    },
    { title: 'FOUND', cell: (row) => list([...new Set(row.findings.map(({ kind }) => kind))]) },
    { title: 'EXECUTION', cell: (row) => row.executionId ?? '' },
  ];
  out.document(page, () => renderTable(out, columns, page.items, 'no results were judged'));
  if (page.nextCursor !== null) out.note(`more: --cursor ${page.nextCursor}`);
}

async function listRules(
  { api, out }: Session,
  _args: readonly string[],
  { limit, cursor }: ListOptions,
): Promise<void> {
  const page = await api().get<Page<ValidationRulesView>>('/v1/validation-rules', {
    limit,
    cursor,
  });
  const columns: Column<ValidationRulesView>[] = [
    { title: 'VERSION', cell: (row) => row.version },
    { title: 'PUBLISHED', cell: (row) => shortTime(row.publishedAt) },
    { title: 'RULES', cell: (row) => list(Object.keys(row.rules)) },
    { title: 'NOTE', cell: (row) => row.note ?? '' },
  ];
  out.document(page, () =>
    renderTable(out, columns, page.items, 'no rules are published; every result is accepted'),
  );
  if (page.nextCursor !== null) out.note(`more: --cursor ${page.nextCursor}`);
}

async function publish(
  { api, out }: Session,
  [file = '']: readonly string[],
  { note }: { readonly note?: string },
): Promise<void> {
  const rules = await rulesIn(file);
  const reply = await api().send<CommandAccepted>('POST', '/v1/validation-rules', {
    rules,
    ...(note === undefined ? {} : { note }),
  });
  const version = `version ${String(reply.result['version'])}`;
  sayAccepted(out, reply, `${version} of the rules holds now`, `${version} holds already`);
}

async function rulesIn(file: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliFailure(exitCodes.usage, `\`${file}\` can not be read: ${why}`, { cause });
  }
}
