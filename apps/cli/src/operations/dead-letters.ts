/** `writ dlq`: commands that could not be handled, kept with their reason. */
import type { DeadLetterDetailView, DeadLetterView } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { shortTime } from '../terminal/format.ts';
import { type Column, oneLine, renderFields, renderTable } from '../terminal/table.ts';
import { encoded, type ListOptions, type Page, withPaging } from '../verb.ts';

export function addDeadLetterVerbs(program: Command, host: Host): void {
  const letters = program.command('dlq').description('dead letters: list, show');
  withPaging(letters.command('list').description('list the dead letters, newest first')).action(
    handled<ListOptions>(host, listLetters),
  );
  letters
    .command('show <id>')
    .description('show one with its reason and the original')
    .action(handled(host, showLetter));
  for (const verb of ['retry', 'drop'])
    letters
      .command(`${verb} <id>`, { hidden: true })
      .action(
        handled(host, () =>
          Promise.reject(
            new CliFailure(
              exitCodes.usage,
              `\`writ dlq ${verb}\` is not part of this release; send the command again yourself`,
            ),
          ),
        ),
      );
}

async function listLetters(
  session: Session,
  _args: readonly string[],
  { limit, cursor }: ListOptions,
): Promise<void> {
  const page = await session.api().get<Page<DeadLetterView>>('/v1/dead-letters', { limit, cursor });
  const columns: Column<DeadLetterView>[] = [
    { title: 'TIME', cell: (row) => shortTime(row.lastAt) },
    { title: 'ID', cell: (row) => row.id },
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
      ['attempts', String(letter.attempts)],
      ['first', shortTime(letter.firstAt)],
      ['last', shortTime(letter.lastAt)],
      ['headers', letter.headers.map(([name, value]) => `${name}: ${value}`).join(', ')],
      ['body', body],
    ]);
    const details = letter.details.map(
      (detail) => `  ${oneLine(`${detail.path} ${detail.message}`)}`,
    );
    return [fields, ...details].join('\n');
  });
}
