/** `writ grants issue` and `writ grants delegate`: what both let say of a grant, and how it is sent. */
import type { CommandAccepted, CommandInput } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { sayAccepted } from '../terminal/accepted.ts';
import { countBetween, encoded, futureTime, repeated } from '../verb.ts';
import { conditionsOf, type LimitFlags, withLimits } from './limit-options.ts';

type GrantFlags = LimitFlags & {
  readonly action: readonly string[];
  readonly resource: readonly string[];
  readonly expires?: string;
  readonly notBefore?: string;
  readonly requireApproval?: boolean;
  readonly delegable?: number;
  readonly reason?: string;
};

type DelegateFlags = GrantFlags & { readonly to: string };

export function addGrantingVerbs(grants: Command, host: Host): void {
  withTerms(grants.command('issue <agentId>').description('grant actions on resources to an agent'))
    .addHelpText(
      'after',
      '\nExample:\n  writ grants issue langgraph-v2:chart_generator --action generate_chart --resource "dataset:*" --expires 30d',
    )
    .action(handled<GrantFlags>(host, issueGrant));
  withTerms(
    grants
      .command('delegate <grantId>')
      .description('hand a grant on to another agent, never wider than it is')
      .requiredOption('--to <agentId>', 'who gets it'),
  )
    .addHelpText(
      'after',
      '\nWhat is left out of times and conditions is as in the grant that is handed on.\n\nExample:\n  writ grants delegate 7c1f… --to langgraph-v2:painter --action generate_chart --resource "dataset:sales"',
    )
    .action(handled<DelegateFlags>(host, delegateGrant));
}

function withTerms(command: Command): Command {
  return withLimits(command)
    .requiredOption('--action <pattern>', 'exact, or ending in * (repeatable)', repeated)
    .requiredOption('--resource <pattern>', '<type>:<id>, or ending in * (repeatable)', repeated)
    .option('--expires <time>', 'until when: an RFC 3339 time, or 30d from now', futureTime)
    .option('--not-before <time>', 'from when on', futureTime)
    .option('--delegable <n>', 'how many times it may be handed on', countBetween(0, 5))
    .option('--require-approval', 'hold only with the approval of a person, each time')
    .option('--reason <text>', 'why');
}

async function issueGrant(
  { api, out }: Session,
  [agentId = '']: readonly string[],
  flags: GrantFlags,
): Promise<void> {
  const body = { agentId, ...termsOf(flags) } satisfies CommandInput<'authority.issue-grant'>;
  const reply = await api().send<CommandAccepted>('POST', '/v1/grants', body);
  sayGranted(out, reply, `is issued to \`${agentId}\``);
}

async function delegateGrant(
  { api, out }: Session,
  [grantId = '']: readonly string[],
  flags: DelegateFlags,
): Promise<void> {
  const body = { toAgentId: flags.to, ...termsOf(flags) };
  const path = `/v1/grants/${encoded(grantId)}/delegate`;
  const reply = await api().send<CommandAccepted>('POST', path, body);
  sayGranted(out, reply, `is handed on to \`${flags.to}\``);
}

function sayGranted(out: Session['out'], reply: CommandAccepted, done: string): void {
  const grant = `grant \`${String(reply.result['grantId'])}\``;
  sayAccepted(out, reply, `${grant} ${done}`, `${grant} was there already`);
}

function termsOf(flags: GrantFlags) {
  const { expires, notBefore, requireApproval, delegable, reason } = flags;
  const conditions = {
    ...conditionsOf(flags),
    ...(requireApproval === undefined ? {} : { requireApproval }),
  };
  if (expires !== undefined && notBefore !== undefined && expires <= notBefore)
    throw new CliFailure(
      exitCodes.usage,
      'the grant would end before it begins; give --expires a later time',
    );
  return {
    actions: [...flags.action],
    resources: [...flags.resource],
    ...(expires === undefined ? {} : { expiresAt: expires }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(Object.keys(conditions).length === 0 ? {} : { conditions }),
    ...(delegable === undefined ? {} : { delegable }),
    ...(reason === undefined ? {} : { reason }),
  };
}
