/** `writ policies schema`: the actions and contexts that the tenant declares. */
import type { CommandAccepted, CommandInput, PolicySchemaView } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { shortTime } from '../terminal/format.ts';
import { indentedLine, renderFields } from '../terminal/table.ts';
import { readSchemaFile } from './policy-sources.ts';

type SchemaFlags = { readonly note?: string; readonly withdraw?: boolean };

export function addSchemaVerb(policies: Command, host: Host): void {
  policies
    .command('schema [file]')
    .description('show the schema in force; with a .cedarschema file, publish that')
    .option('--note <text>', 'what this schema is for')
    .option('--withdraw', 'publish that nothing is declared: contexts are free again')
    .action(handled<SchemaFlags>(host, schema));
}

async function schema(
  session: Session,
  [file]: readonly string[],
  { note, withdraw }: SchemaFlags,
): Promise<void> {
  if (withdraw === true && file !== undefined)
    throw new CliFailure(exitCodes.usage, 'give a file or `--withdraw`, not both');
  if (withdraw !== true && file === undefined) return show(session);
  const text = file === undefined ? null : (await readSchemaFile(file)).text;
  const body = {
    engine: 'cedar',
    schema: text,
    ...(note === undefined ? {} : { note }),
  } satisfies CommandInput<'authority.publish-schema'>;
  const reply = await session.api().send<CommandAccepted>('POST', '/v1/policies/schema', body);
  const said =
    text === null
      ? 'the schema is withdrawn; contexts are free'
      : `schema ${String(reply.result['version'])} is in force now`;
  sayAccepted(session.out, reply, said, 'it was in force already');
}

async function show({ api, out }: Session): Promise<void> {
  const row = await api().get<PolicySchemaView>('/v1/policies/schema');
  out.document(row, () => {
    const fields = renderFields(out, [
      ['version', row.version],
      ['published', `${shortTime(row.publishedAt)} by key ${row.publishedBy}`],
      ['digest', row.digest],
      ['note', row.note],
    ]);
    const text = row.schema ?? 'withdrawn; contexts are free';
    return `${fields}\n\n${text.trimEnd().split('\n').map(indentedLine).join('\n')}`;
  });
}
