/** `writ status`: what runs, and how far the read models are behind the log. */
import type { Command } from 'commander';
import { type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import {
  type Presence,
  type ReadModel,
  renderReport,
  type Report,
  type Snapshots,
  type Trouble,
} from './status-report.ts';

type ReadyReport = {
  readonly troubles?: readonly Trouble[];
  readonly projections?: readonly ReadModel[];
  readonly roles?: readonly Presence[];
};

export function addStatusVerb(program: Command, host: Host): void {
  program
    .command('status')
    .description('what runs here, whether it is ready, and how far the read models are')
    .action(handled(host, status));
}

async function status(session: Session): Promise<ExitCode> {
  const connection = session.connection();
  const { ok: ready, body } = await session.api().getWhatever<ReadyReport>('/ready');
  const report: Report = {
    httpUrl: session.api().baseUrl,
    natsUrl: connection?.natsUrl ?? session.config.environment.WRIT_NATS_URL ?? null,
    dataDir: connection === undefined ? null : session.config.dataDir,
    pid: connection?.pid ?? null,
    tenant: connection?.tenant ?? session.config.environment.WRIT_TENANT,
    roles: connection?.roles ?? [],
    ready,
    troubles: body.troubles ?? [],
    running: body.roles ?? [],
    readModels: body.projections ?? [],
    snapshots: await readSnapshots(session),
  };
  session.out.document(report, () => renderReport(session.out, report));
  return ready ? exitCodes.done : exitCodes.unreachable;
}

/** From the metrics, which only an operator's key may read. */
async function readSnapshots({ api }: Session): Promise<readonly Snapshots[] | null> {
  const text = await api()
    .text('/metrics')
    .catch(() => null);
  return text === null ? null : snapshotsIn(text);
}

/** What each role did with snapshots, as the exposition format has it. */
export function snapshotsIn(exposition: string): Snapshots[] {
  const lines = exposition.matchAll(
    /^writ_snapshots_(loaded|made|ignored)_total\{role="([^"]+)"(?:,reason="([^"]+)")?\} (\d+)$/gm,
  );
  const roles = new Map<
    string,
    { loaded: number; made: number; ignored: Record<string, number> }
  >();
  for (const [, what, role = '', reason, count] of lines) {
    const known = roles.get(role) ?? { loaded: 0, made: 0, ignored: {} };
    roles.set(role, known);
    if (what === 'ignored') known.ignored[reason ?? ''] = Number(count);
    else if (what === 'loaded' || what === 'made') known[what] = Number(count);
  }
  return [...roles].map(([role, counts]) => ({ role, ...counts }));
}
