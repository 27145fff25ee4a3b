/** `writ agents`: what is registered, and the switches of an agent. */
import type { AgentDetailView, AgentView, CommandAccepted, CommandInput } from '@writ/contracts';
import type { Command } from 'commander';
import { handled, type Host, type Session } from '../session.ts';
import { list, shortTime } from '../terminal/format.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';
import {
  decimalBetween,
  encoded,
  jsonObject,
  type ListOptions,
  nameValue,
  type Page,
  repeated,
  withPaging,
} from '../verb.ts';

type ListFlags = ListOptions & {
  readonly type?: string;
  readonly capability?: readonly string[];
  readonly agentVersion?: string;
  readonly status?: string;
  readonly minTrust?: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly owner?: string;
  readonly search?: string;
};

type RegisterFlags = {
  readonly name?: string;
  readonly type: string;
  readonly agentVersion: string;
  readonly capability?: readonly string[];
  readonly owner?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly runtime?: Record<string, unknown>;
};

export function addAgentVerbs(program: Command, host: Host): void {
  const agents = program
    .command('agents')
    .description('agents: list, show, register, suspend, resume, retire');

  withPaging(agents.command('list').description('list the agents'))
    .option('--type <type>', 'of this type')
    .option('--capability <name>', 'that can do this (repeatable: all of them)', repeated)
    .option('--agent-version <range>', 'in this semver range, e.g. ">=2.0.0"')
    .option('--status <status>', 'active, suspended or retired')
    .option('--min-trust <score>', 'trusted at least so, 0 to 1000', decimalBetween(0, 1000))
    .option('--label <name=value>', 'with this label (repeatable)', nameValue)
    .option('--owner <owner>', 'of this owner')
    .option('--search <text>', 'whose id or name has this')
    .action(handled<ListFlags>(host, listAgents));
  agents.command('show <agentId>').description('show one agent').action(handled(host, showAgent));
  agents
    .command('register <agentId>')
    .description('register an agent, or a new version of it')
    .option('--name <name>', 'its name (its id)')
    .requiredOption('--type <type>', 'what kind of agent it is')
    .option('--agent-version <version>', 'its semantic version', '1.0.0')
    .option('--capability <name>', 'what it can do (repeatable)', repeated)
    .option('--owner <owner>', 'who answers for it')
    .option('--label <name=value>', 'a label (repeatable)', nameValue)
    .option(
      '--runtime <json>',
      'how it runs, e.g. \'{"kind":"http","url":"http://…"}\'',
      jsonObject,
    )
    .action(handled<RegisterFlags>(host, registerAgent));
  addSwitches(agents, host);
}

function addSwitches(agents: Command, host: Host): void {
  const switches = [
    ['suspend', 'suspended', 'stop an agent: everything it asks is denied'],
    ['resume', 'resumed', 'let a suspended agent go on'],
    ['retire', 'retired', 'retire an agent for good and revoke its grants'],
  ] as const;
  for (const [verb, done, about] of switches)
    agents
      .command(`${verb} <agentId>`)
      .description(about)
      .option('--reason <text>', 'why')
      .action(
        handled<{ readonly reason?: string }>(host, async (session, [agentId = ''], { reason }) => {
          const path = `/v1/agents/${encoded(agentId)}`;
          const body = reason === undefined ? {} : { reason };
          const reply = await (verb === 'retire'
            ? session.api().send<CommandAccepted>('DELETE', path, body)
            : session.api().send<CommandAccepted>('POST', `${path}/${verb}`, body));
          sayAccepted(
            session.out,
            reply,
            `agent \`${agentId}\` is ${done}`,
            `agent \`${agentId}\` was ${done} already`,
          );
        }),
      );
}

async function listAgents(
  session: Session,
  _args: readonly string[],
  flags: ListFlags,
): Promise<void> {
  const page = await session.api().get<Page<AgentView>>('/v1/agents', {
    type: flags.type,
    capability: flags.capability,
    version: flags.agentVersion,
    status: flags.status,
    minTrust: flags.minTrust,
    label: Object.entries(flags.label ?? {}).map(([name, value]) => `${name}=${value}`),
    owner: flags.owner,
    q: flags.search,
    limit: flags.limit,
    cursor: flags.cursor,
  });
  const { colours } = session.out;
  const columns: Column<AgentView>[] = [
    { title: 'AGENT', cell: (row) => row.agentId },
    {
      title: 'STATUS',
      cell: (row) => row.status,
      paint: (row) => (row.status === 'active' ? colours.green : colours.red),
    },
    { title: 'TRUST', cell: (row) => (row.latched ? `${row.trust} latched` : String(row.trust)) },
    { title: 'TYPE', cell: (row) => row.type },
    { title: 'VERSION', cell: (row) => row.version },
    { title: 'CAPABILITIES', cell: (row) => list(row.capabilities) },
    { title: 'OWNER', cell: (row) => row.owner ?? '' },
  ];
  session.out.document(page, () => renderTable(session.out, columns, page.items, 'no agents'));
  if (page.nextCursor !== null) session.out.note(`more: --cursor ${page.nextCursor}`);
}

async function showAgent(session: Session, [agentId = '']: readonly string[]): Promise<void> {
  const agent = await session.api().get<AgentDetailView>(`/v1/agents/${encoded(agentId)}`);
  session.out.document(agent, () =>
    renderFields(session.out, [
      ['agent', agent.agentId],
      ['name', agent.name],
      [
        'status',
        agent.status,
        agent.status === 'active' ? session.out.colours.green : session.out.colours.red,
      ],
      ['trust', `${agent.trust} of 1000${agent.latched ? ', held back by a critical event' : ''}`],
      ['type', agent.type],
      ['version', agent.version],
      ['versions', list(agent.versions.map((entry) => entry.version))],
      ['capabilities', list(agent.capabilities)],
      ['runtime', JSON.stringify(agent.runtime)],
      ['owner', agent.owner],
      ['labels', list(Object.entries(agent.labels).map(([name, value]) => `${name}=${value}`))],
      ['registered', `${shortTime(agent.registeredAt)} by key ${agent.registeredBy}`],
      ['changed', shortTime(agent.updatedAt)],
    ]),
  );
}

async function registerAgent(
  session: Session,
  [agentId = '']: readonly string[],
  flags: RegisterFlags,
): Promise<void> {
  const body = {
    agentId,
    name: flags.name ?? agentId,
    type: flags.type,
    version: flags.agentVersion,
    capabilities: [...(flags.capability ?? [])],
    labels: { ...flags.label },
    ...(flags.owner === undefined ? {} : { owner: flags.owner }),
    ...(flags.runtime === undefined
      ? {}
      : { runtime: flags.runtime as CommandInput<'registry.register-agent'>['runtime'] }),
  } satisfies CommandInput<'registry.register-agent'>;
  const reply = await session.api().send<CommandAccepted>('POST', '/v1/agents', body);
  sayAccepted(
    session.out,
    reply,
    `agent \`${agentId}\` is registered`,
    `agent \`${agentId}\` was registered just so already`,
  );
}
