/** `writ streams`: the declared topology against what the broker has, as the operator. */
import type { NatsConnection } from '@writ/bus';
import type { Plan, Step, Topology } from '@writ/streams';
import type { Command } from 'commander';
import { type ExitCode, exitCodes } from '../failure.ts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import { handled, type Host, type Session } from '../session.ts';
import type { Output } from '../terminal/output.ts';

export function addStreamVerbs(program: Command, host: Host): void {
  const streams = program.command('streams').description('JetStream topology: plan, apply, check');
  streams
    .command('plan')
    .description('show what applying would change')
    .action(
      handled(host, async (session) => {
        const { planStreams } = await import('@writ/streams');
        const plan = await withTopology(session, planStreams);
        session.out.document(plan, () =>
          renderPlan(session.out, plan, 'the streams are as declared'),
        );
      }),
    );
  streams
    .command('apply')
    .description('create what is missing, change what is safe, refuse what would lose data')
    .action(
      handled(host, async (session) => {
        const { applyStreams } = await import('@writ/streams');
        const plan = await withTopology(session, applyStreams);
        session.out.document(plan, () =>
          renderPlan(session.out, plan, 'the streams were as declared already'),
        );
        return isRefused(plan) ? exitCodes.no : exitCodes.done;
      }),
    );
  streams
    .command('check')
    .description('compare without changing; exits with 1 when anything differs')
    .action(
      handled(host, async (session): Promise<ExitCode> => {
        const { checkStreams } = await import('@writ/streams');
        const { ok, plan } = await withTopology(session, checkStreams);
        session.out.document({ ok, ...plan }, () =>
          renderPlan(session.out, plan, 'the streams are as declared'),
        );
        return ok ? exitCodes.done : exitCodes.no;
      }),
    );
}

/** Runs `work` as the operator with the topology that the settings declare. */
export async function withTopology<T>(
  session: Pick<Session, 'config' | 'connection'>,
  work: (connection: NatsConnection, declared: Topology) => Promise<T>,
): Promise<T> {
  const { config } = session;
  const secrets = await cellSecrets(config);
  const { topology } = await import('@writ/streams');
  const declared = topology({ ingest: secrets.ingest, replicas: config.environment.WRIT_REPLICAS });
  const natsUrl = natsUrlOf(config, session.connection());
  return asUser('operator', { secrets, natsUrl }, (connection) => work(connection, declared));
}

function isRefused(plan: Plan): boolean {
  return plan.steps.some((step) => step.action === 'refuse');
}

function renderPlan(out: Output, plan: Plan, same: string): string {
  const changed = plan.steps.filter((step) => step.action !== 'none');
  const lines = changed.flatMap((step) => renderStep(out, step));
  if (changed.length === 0) lines.push(out.colours.green(same));
  return [...lines, ...plan.notes.map((note) => out.colours.dim(note))].join('\n');
}

function renderStep(out: Output, step: Step): string[] {
  const { colours } = out;
  const titles = {
    create: colours.green(`+ ${step.target}`),
    update: colours.yellow(`~ ${step.target}`),
    refuse: colours.red(`! ${step.target} is refused: ${step.reason ?? ''}`),
    none: `  ${step.target}`,
  };
  const changes = step.changes.map(({ path, from, to }) =>
    step.action === 'create'
      ? `    ${path}: ${colours.green(shown(to))}`
      : `    ${path}: ${colours.red(shown(from))} → ${colours.green(shown(to))}`,
  );
  return [titles[step.action], ...changes];
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
