/** `writ policies`: versions of the tenant's policies, published, checked and activated. */
import type {
  CommandAccepted,
  CommandInput,
  PolicyVersionDetailView,
  PolicyVersionView,
} from '@writ/contracts';
import type { Command } from 'commander';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { list, shortTime } from '../terminal/format.ts';
import { type Column, indentedLine, renderFields, renderTable } from '../terminal/table.ts';
import { encoded, type ListOptions, type Page, withPaging } from '../verb.ts';
import { addDiffVerb } from './policy-diff.ts';
import { addLintVerb } from './policy-lint.ts';
import { addSchemaVerb } from './policy-schema.ts';
import { readPolicySources } from './policy-sources.ts';
import { addTestVerb } from './policy-tests/verb.ts';

type RollbackFlags = { readonly reason?: string };
type PublishFlags = { readonly note?: string; readonly activate?: boolean };

export function addPolicyVerbs(program: Command, host: Host): void {
  const policies = program
    .command('policies')
    .description('policies: list, show, lint, test, diff, publish, activate, rollback, schema');
  withPaging(policies.command('list').description('list the published versions')).action(
    handled<ListOptions>(host, listVersions),
  );
  policies
    .command('show <version>')
    .description('show one version with its texts')
    .action(handled(host, showVersion));
  addLintVerb(policies, host);
  addTestVerb(policies, host);
  addDiffVerb(policies, host);
  policies
    .command('publish <path...>')
    .description(
      'publish the whole set as a new version: .cedar files, folders of them, or a JSON object',
    )
    .option('--note <text>', 'what this version is for')
    .option('--activate', 'activate it at once')
    .addHelpText(
      'after',
      '\nExample:\n  writ policies publish policies/ --note "night freeze" --activate',
    )
    .action(handled<PublishFlags>(host, publish));
  policies
    .command('activate <version>')
    .description('make a published version the one that decides')
    .action(
      handled(host, async ({ api, out }, [version = '']) => {
        const reply = await activate(api, version);
        sayAccepted(
          out,
          reply,
          `version ${version} decides now`,
          `version ${version} decides already`,
        );
      }),
    );
  policies
    .command('rollback [version]')
    .description('go back to the version that was active before, or to one before that')
    .option('--reason <text>', 'why')
    .action(handled<RollbackFlags>(host, rollBack));
  addSchemaVerb(policies, host);
}

async function listVersions(
  session: Session,
  _args: readonly string[],
  { limit, cursor }: ListOptions,
): Promise<void> {
  const page = await session.api().get<Page<PolicyVersionView>>('/v1/policies', { limit, cursor });
  const { colours } = session.out;
  const columns: Column<PolicyVersionView>[] = [
    { title: 'VERSION', cell: (row) => row.version },
    { title: 'STATUS', cell: stateOf, paint: (row) => (row.active ? colours.green : colours.dim) },
    { title: 'PUBLISHED', cell: (row) => shortTime(row.publishedAt) },
    { title: 'POLICIES', cell: (row) => list(row.policyIds) },
    { title: 'DIGEST', cell: (row) => row.digest.slice(0, 19) },
    { title: 'NOTE', cell: (row) => row.note ?? '' },
  ];
  session.out.document(page, () =>
    renderTable(session.out, columns, page.items, 'no policies are published; grants alone decide'),
  );
}

function stateOf(row: PolicyVersionView): string {
  if (row.active) return 'active';
  return row.activated === null ? 'published' : 'superseded';
}

async function showVersion(
  { api, out }: Session,
  [version = '']: readonly string[],
): Promise<void> {
  const row = await api().get<PolicyVersionDetailView>(`/v1/policies/${encoded(version)}`);
  out.document(row, () => {
    const fields = renderFields(out, [
      ['version', row.version],
      ['status', stateOf(row)],
      ['published', `${shortTime(row.publishedAt)} by key ${row.publishedBy}`],
      [
        'activated',
        row.activated === null ? null : `${shortTime(row.activated.at)} by key ${row.activated.by}`,
      ],
      ['digest', row.digest],
      ['note', row.note],
    ]);
    const texts = Object.entries(row.policies).map(
      ([policyId, text]) =>
        `${out.colours.bold(policyId)}\n${text
          .split('\n')
          .map((line) => `  ${indentedLine(line)}`)
          .join('\n')}`,
    );
    return [fields, ...texts].join('\n\n');
  });
}

async function publish(
  { api, out }: Session,
  paths: readonly string[],
  flags: PublishFlags,
): Promise<void> {
  const sources = await readPolicySources(paths);
  const body = {
    engine: 'cedar',
    policies: Object.fromEntries(sources.map(({ policyId, text }) => [policyId, text])),
    ...(flags.note === undefined ? {} : { note: flags.note }),
  } satisfies CommandInput<'authority.publish-policies'>;
  const published = await api().send<CommandAccepted>('POST', '/v1/policies', body);
  const version = String(published.result['version']);
  if (flags.activate !== true) {
    const next = `version ${version} is published; activate it with \`writ policies activate ${version}\``;
    sayAccepted(out, published, next, `version ${version} has just these policies`);
    return;
  }
  const activated = await activate(api, version);
  const reply = { ...activated, result: { ...published.result, ...activated.result } };
  sayAccepted(
    out,
    reply,
    `version ${version} is published and decides now`,
    `version ${version} decides already`,
  );
}

async function rollBack(
  { api, out }: Session,
  [version]: readonly string[],
  { reason }: RollbackFlags,
): Promise<void> {
  const path =
    version === undefined ? '/v1/policies/rollback' : `/v1/policies/${encoded(version)}/rollback`;
  const body = { ...(reason === undefined ? {} : { reason }) };
  const reply = await api().send<CommandAccepted>('POST', path, body);
  const now = String(reply.result['version']);
  sayAccepted(out, reply, `version ${now} decides again`, `version ${now} decides already`);
}

function activate(api: Session['api'], version: string): Promise<CommandAccepted> {
  return api().send('POST', `/v1/policies/${encoded(version)}/activate`, {});
}
