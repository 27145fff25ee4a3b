/** `writ grants`: who may do what to what. */
import type { CommandAccepted, GrantView } from '@writ/contracts';
import type { Command } from 'commander';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { list, shortTime } from '../terminal/format.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';
import { encoded, type ListOptions, type Page, withPaging } from '../verb.ts';
import { addGrantingVerbs } from './granting.ts';

type ListFlags = ListOptions & {
  readonly agent?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly status?: string;
  readonly parent?: string;
};

export function addGrantVerbs(program: Command, host: Host): void {
  const grants = program
    .command('grants')
    .description('grants: list, show, issue, delegate, revoke');
  withPaging(grants.command('list').description('list the grants'))
    .option('--agent <agentId>', 'of this agent')
    .option('--action <name>', 'that cover this action')
    .option('--resource <name>', 'that cover this resource')
    .option('--status <status>', 'active, not_yet, expired or revoked')
    .option('--parent <grantId>', 'that were handed on from this one')
    .action(handled<ListFlags>(host, listGrants));
  grants
    .command('show <grantId>')
    .description('show one grant: who gave it, why, and whether it holds')
    .action(handled(host, showGrant));
  addGrantingVerbs(grants, host);
  grants
    .command('revoke <grantId>')
    .description('take a grant back, and with it what was handed on from it')
    .option('--reason <text>', 'why')
    .action(handled<{ readonly reason?: string }>(host, revokeGrant));
}

async function listGrants(
  session: Session,
  _args: readonly string[],
  flags: ListFlags,
): Promise<void> {
  const { agent: agentId, action, resource, status, parent, limit, cursor } = flags;
  const query = { agentId, action, resource, status, parent, limit, cursor };
  const page = await session.api().get<Page<GrantView>>('/v1/grants', query);
  const { colours } = session.out;
  const columns: Column<GrantView>[] = [
    { title: 'GRANT', cell: (row) => row.grantId },
    { title: 'AGENT', cell: (row) => row.agentId },
    { title: 'ACTIONS', cell: (row) => list(row.actions) },
    { title: 'RESOURCES', cell: (row) => list(row.resources) },
    {
      title: 'STATUS',
      cell: (row) => row.status,
      paint: (row) => (row.status === 'active' ? colours.green : colours.dim),
    },
    { title: 'UNTIL', cell: (row) => shortTime(row.expiresAt) },
    { title: 'FROM', cell: (row) => row.parent?.agentId ?? '' },
    { title: 'CONDITIONS', cell: conditionsOf },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no grants'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function showGrant({ api, out }: Session, [grantId = '']: readonly string[]): Promise<void> {
  const grant = await api().get<GrantView>(`/v1/grants/${encoded(grantId)}`);
  const { parent, revoked } = grant;
  out.document(grant, () =>
    renderFields(out, [
      ['grant', grant.grantId],
      ['agent', grant.agentId],
      ['status', grant.status],
      ['actions', list(grant.actions)],
      ['resources', list(grant.resources)],
      ['from', shortTime(grant.notBefore)],
      ['until', shortTime(grant.expiresAt)],
      ['conditions', conditionsOf(grant)],
      ['used', usesText(grant)],
      ['granted by', `${grant.issuedBy} at ${shortTime(grant.issuedAt)}`],
      ['why', grant.reason ?? ''],
      [
        'handed on',
        parent === null
          ? 'no'
          : `by ${parent.agentId} from grant ${parent.grantId}, at depth ${grant.depth}`,
      ],
      ['may be handed on', grant.delegable === 0 ? 'no' : `${grant.delegable} times`],
      ['revoked', revoked === null ? 'no' : revokedText(revoked)],
    ]),
  );
}

function conditionsOf({ conditions }: GrantView): string {
  return Object.keys(conditions).length === 0 ? '' : JSON.stringify(conditions);
}

function usesText({ uses }: GrantView): string {
  return uses === null ? '' : `${uses.used}, ${uses.left} left`;
}

function revokedText({ by, at, reason, through }: NonNullable<GrantView['revoked']>): string {
  const what = through === null ? '' : `grant ${through.grantId} of ${through.agentId} `;
  return `${what}by ${by} at ${shortTime(at)}${reason === null ? '' : `: ${reason}`}`;
}

async function revokeGrant(
  { api, out }: Session,
  [grantId = '']: readonly string[],
  { reason }: { readonly reason?: string },
): Promise<void> {
  const body = reason === undefined ? {} : { reason };
  const reply = await api().send<CommandAccepted>('DELETE', `/v1/grants/${encoded(grantId)}`, body);
  sayAccepted(
    out,
    reply,
    `grant \`${grantId}\` is revoked`,
    `grant \`${grantId}\` was revoked already`,
  );
}
