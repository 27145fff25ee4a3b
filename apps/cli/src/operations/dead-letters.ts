/** `writ dlq`: commands that could not be handled, kept with their reason. */
import {
  type CommandAccepted,
  type DeadLetterDetailView,
  deadLetterStatuses,
  type DeadLetterView,
} from '@writ/contracts';
import { type Command, Option } from 'commander';
import { type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { shortTime } from '../terminal/format.ts';
import { type Column, oneLine, renderFields, renderTable } from '../terminal/table.ts';
import { encoded, type ListOptions, type Page, withPaging } from '../verb.ts';

type LetterFilters = ListOptions & {
  readonly status?: string;
  readonly code?: string;
  readonly verb?: string;
};

export function addDeadLetterVerbs(program: Command, host: Host): void {
  const letters = program.command('dlq').description('dead letters: list, show, retry, drop');
  withPaging(letters.command('list').description('list those that wait, newest first'))
    .addOption(
      new Option('--status <status>', 'those that wait, or others too')
        .choices([...deadLetterStatuses, 'all'])
        .default('waiting'),
    )
    .option('--code <code>', 'only those that failed with this code')
    .option('--verb <context.verb>', 'only those of this command')
    .action(handled<LetterFilters>(host, listLetters));
  letters
    .command('show <id>')
    .description('show one with its reason, the original and what came of it')
    .action(handled(host, showLetter));
  letters
    .command('retry <id>')
    .description('give its command again, as its own caller; exits with 1 when it fails again')
    .action(handled(host, retryLetter));
  letters
    .command('drop <id>')
    .description('lay it aside for good')
    .option('--reason <text>', 'why')
    .action(handled<{ readonly reason?: string }>(host, dropLetter));
}

async function listLetters(
  session: Session,
  _args: readonly string[],
  { limit, cursor, status, code, verb }: LetterFilters,
): Promise<void> {
  const filters = { limit, cursor, status, code, verb };
  const page = await session.api().get<Page<DeadLetterView>>('/v1/dead-letters', filters);
  const columns: Column<DeadLetterView>[] = [
    { title: 'TIME', cell: (row) => shortTime(row.lastAt) },
    { title: 'ID', cell: (row) => row.id },
    { title: 'STATUS', cell: (row) => row.status },
    { title: 'RETRIES', cell: (row) => String(row.retries) },
    { title: 'COMMAND', cell: (row) => row.verb ?? row.subject },
    { title: 'KEY', cell: (row) => row.keyId ?? '' },
    { title: 'CODE', cell: (row) => row.code, paint: () => session.out.colours.red },
    { title: 'REASON', cell: (row) => row.reason },
  ];
  session.out.document(page, () =>
    renderTable(session.out, columns, page.items, 'no dead letters'),
  );
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function retryLetter({ api, out }: Session, [id = '']: readonly string[]): Promise<ExitCode> {
  const path = `/v1/dead-letters/${encoded(id)}/retry`;
  const reply = await api().send<CommandAccepted>('POST', path, {});
  const failed = reply.result['outcome'] === 'failed';
  const again = `${String(reply.result['code'])}: ${oneLine(String(reply.result['reason']))}`;
  if (failed) out.document(reply, () => `${out.colours.red('failed again:')} ${again}`);
  else sayAccepted(out, reply, `\`${id}\` is handled`, `\`${id}\` is handled`);
  return failed ? exitCodes.no : exitCodes.done;
}

async function dropLetter(
  { api, out }: Session,
  [id = '']: readonly string[],
  { reason }: { readonly reason?: string },
): Promise<void> {
  const body = reason === undefined ? {} : { reason };
  const path = `/v1/dead-letters/${encoded(id)}`;
  const reply = await api().send<CommandAccepted>('DELETE', path, body);
  out.document(reply, () => `${out.colours.green('done:')} \`${id}\` is dropped`);
}

async function showLetter({ api, out }: Session, [id = '']: readonly string[]): Promise<void> {
  const letter = await api().get<DeadLetterDetailView>(`/v1/dead-letters/${encoded(id)}`);
  out.document(letter, () => {
    const body = Buffer.from(letter.body, 'base64').toString('utf8');
    const fields = renderFields(out, [
      ['dead letter', letter.id],
      ['code', letter.code, out.colours.red],
      ['reason', letter.reason],
      ['subject', letter.subject],
      ['key', letter.keyId],
      ['status', letter.status],
      ['attempts', String(letter.attempts)],
      ['first', shortTime(letter.firstAt)],
      ['last', shortTime(letter.lastAt)],
      ['headers', letter.headers.map(([name, value]) => `${name}: ${value}`).join(', ')],
      ['body', body],
    ]);
    const details = letter.details.map(
      (detail) => `  ${oneLine(`${detail.path} ${detail.message}`)}`,
    );
    const outcomes = letter.outcomes.map((one) =>
      oneLine(
        `${shortTime(one.at)} ${one.outcome} by ${one.by} ${one.code ?? ''} ${one.reason ?? ''}`,
      ),
    );
    return [fields, ...details, ...outcomes].join('\n');
  });
}
