/** `writ trust models` and `publish-model`: the parameters by which trust is computed. */
import { readFile } from 'node:fs/promises';
import type { CommandAccepted, TrustModelView } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { shortTime } from '../terminal/format.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { type ListOptions, type Page, withPaging } from '../verb.ts';

type PublishFlags = { readonly note?: string };

export function addTrustModelVerbs(trust: Command, host: Host): void {
  withPaging(trust.command('models').description('list the models that were published')).action(
    handled<ListOptions>(host, listModels),
  );
  trust
    .command('publish-model <path>')
    .description('publish parameters from a JSON file; what it leaves out stays as it is')
    .option('--note <text>', 'why')
    .addHelpText(
      'after',
      '\nExample of a file:\n  {"severity":{"bad":{"critical":50}},"halfLifeMinutes":{"good":20160}}',
    )
    .action(handled<PublishFlags>(host, publishModel));
}

async function listModels(
  session: Session,
  _args: readonly string[],
  { limit, cursor }: ListOptions,
): Promise<void> {
  const page = await session.api().get<Page<TrustModelView>>('/v1/trust-models', { limit, cursor });
  const { colours } = session.out;
  const columns: Column<TrustModelView>[] = [
    { title: 'MODEL', cell: (row) => row.name },
    {
      title: 'STATUS',
      cell: (row) => (row.inForce ? 'in force' : ''),
      paint: () => colours.green,
    },
    { title: 'PUBLISHED', cell: (row) => `${shortTime(row.publishedAt)} by ${row.publishedBy}` },
    { title: 'NOTE', cell: (row) => row.note ?? '' },
  ];
  const none = 'none was published; the built-in model `writ-trust-1` is in force';
  session.out.document(page, () => renderTable(session.out, columns, page.items, none));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function publishModel(
  { api, out }: Session,
  [path = '']: readonly string[],
  { note }: PublishFlags,
): Promise<void> {
  const parameters = await parametersIn(path);
  const body = { parameters, ...(note === undefined ? {} : { note }) };
  const reply = await api().send<CommandAccepted>('POST', '/v1/trust-models', body);
  const name = String(reply.result['name']);
  sayAccepted(out, reply, `trust model \`${name}\` is in force`, `\`${name}\` says the same`);
}

async function parametersIn(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is not JSON' : 'can not be read';
    throw new CliFailure(exitCodes.usage, `\`${path}\` ${why}; give a JSON file of parameters`);
  }
}
