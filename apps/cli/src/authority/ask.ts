/** `writ ask`: one permission question, its answer in words, and the answer as the exit code. */
import { type EvaluationReply, type EvaluationRequest, splitResource } from '@writ/contracts';
import type { Command } from 'commander';
import { awaitExplanation, renderExplanation } from './explanation.ts';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { list } from '../terminal/format.ts';
import { oneLine, renderFields } from '../terminal/table.ts';
import type { Output } from '../terminal/output.ts';
import { countBetween, jsonObject } from '../verb.ts';

type AskFlags = {
  readonly context?: Record<string, unknown>;
  readonly atLeast?: string;
  readonly waitForApproval?: number;
  readonly explain?: boolean;
};

export function addAskVerb(program: Command, host: Host): void {
  program
    .command('ask <agentId> <action> <resource>')
    .description('may this agent do this? exits with 1 when not')
    .option('--context <json>', 'what policies may look at', jsonObject)
    .option('--at-least <token>', 'decide on a state at least that fresh')
    .option(
      '--wait-for-approval <seconds>',
      'wait so long for a person where one is asked for',
      countBetween(1, 60),
    )
    .option('--explain', 'say what the decision rests on, and what would flip it')
    .addHelpText(
      'after',
      '\nExample:\n  writ ask langgraph-v2:chart_generator generate_chart dataset:sales --context \'{"estimatedCostMicros":3000}\'',
    )
    .action(handled<AskFlags>(host, ask));
}

async function ask(
  { api, out }: Session,
  args: readonly string[],
  flags: AskFlags,
): Promise<ExitCode> {
  const [agentId = '', action = '', resource = ''] = args;
  if (!resource.includes(':'))
    throw new CliFailure(
      exitCodes.usage,
      `\`${resource}\` is not a resource; write \`<type>:<id>\`, e.g. \`dataset:sales\``,
    );
  const request: EvaluationRequest = {
    subject: { type: 'agent', id: agentId },
    action: { name: action },
    resource: splitResource(resource),
    ...(flags.context === undefined ? {} : { context: flags.context }),
    ...optionsOf(flags),
  };
  const patienceMs = (flags.waitForApproval ?? 0) * 1000;
  const reply = await api().ask<EvaluationReply>('/access/v1/evaluation', request, {
    patienceMs,
  });
  if (flags.explain === true) await sayExplained({ api, out }, reply);
  else out.document(reply, () => renderReply(out, reply, false));
  return reply.decision ? exitCodes.done : exitCodes.no;
}

/** The answer counts whether or not it can be explained: to an agent's key it is not, and some denials are not recorded. */
async function sayExplained(
  { api, out }: Pick<Session, 'api' | 'out'>,
  reply: EvaluationReply,
): Promise<void> {
  const found = await awaitExplanation({ api }, reply.context.decisionId);
  const explanation = found instanceof CliFailure ? null : found;
  out.document({ ...reply, explanation }, () => {
    const answer = renderReply(out, reply, true);
    return explanation === null ? answer : `${answer}\n\n${renderExplanation(out, explanation)}`;
  });
  if (found instanceof CliFailure) out.note(`it can not be explained: ${found.message}`);
}

function optionsOf({ atLeast, waitForApproval }: AskFlags): Pick<EvaluationRequest, 'options'> {
  if (atLeast === undefined && waitForApproval === undefined) return {};
  return {
    options: {
      ...(atLeast === undefined ? {} : { atLeast }),
      ...(waitForApproval === undefined ? {} : { waitForApprovalMs: waitForApproval * 1000 }),
    },
  };
}

function renderReply(
  out: Output,
  { decision, context }: EvaluationReply,
  explain: boolean,
): string {
  const { colours } = out;
  const asks = context.outcome === 'require_approval';
  const paint = decision ? colours.green : asks ? colours.yellow : colours.red;
  const code = context.code === undefined ? '' : ` ${colours.bold(context.code)}`;
  const said = context.message === undefined ? '' : `: ${oneLine(context.message)}`;
  const lines = [`${paint(context.outcome)}${code}${said}`];
  for (const reason of context.reasons)
    if (reason.text !== context.message)
      lines.push(`  ${colours.dim(reason.kind)} ${oneLine(`${reason.id} ${reason.text}`)}`);
  if (asks && context.approvalId !== undefined)
    lines.push(`  a person decides: writ approvals show ${context.approvalId}`);
  for (const policy of context.wouldDeny ?? [])
    lines.push(`  ${colours.dim('log only')} ${policy} would have denied it`);
  if (explain)
    lines.push(
      '',
      renderFields(out, [
        ['decision', context.decisionId],
        ['policies', list(context.policies)],
        ['policy set', context.policyDigest],
        ['trust', context.trust === null ? null : `${context.trust} of 1000`],
        [
          'obligations',
          context.obligations.length === 0 ? null : JSON.stringify(context.obligations),
        ],
        ['not looked at', list(context.ignored)],
        ['state', `event ${context.seq}`],
        ['decided at', context.evaluatedAt],
      ]),
    );
  return lines.join('\n');
}
