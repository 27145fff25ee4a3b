/** `writ status`: what runs, and how far the read models are behind the log. */
import type { Command } from 'commander';
import { type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import type { Output } from '../terminal/output.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';

type Trouble = { readonly part: string; readonly message: string };
type ReadyReport = { readonly status: string; readonly troubles: readonly Trouble[] };

export function addStatusVerb(program: Command, host: Host): void {
  program
    .command('status')
    .description('what runs here, and whether it is ready')
    .action(handled(host, status));
}

async function status(session: Session): Promise<ExitCode> {
  const connection = session.connection();
  const ready = await session.api().getWhatever<ReadyReport>('/ready');
  const report: Report = {
    httpUrl: session.api().baseUrl,
    natsUrl: connection?.natsUrl ?? session.config.environment.WRIT_NATS_URL ?? null,
    dataDir: connection === undefined ? null : session.config.dataDir,
    pid: connection?.pid ?? null,
    tenant: connection?.tenant ?? session.config.environment.WRIT_TENANT,
    roles: connection?.roles ?? [],
    ready: ready.ok,
    troubles: ready.body.troubles ?? [],
    readModels: await readLags(session),
  };
  session.out.document(report, () => render(session.out, report));
  return ready.ok ? exitCodes.done : exitCodes.unreachable;
}

type Lag = { readonly projection: string; readonly behind: number };

/** From the metrics, which only an operator's key may read. */
async function readLags({ api }: Session): Promise<readonly Lag[] | null> {
  const text = await api()
    .text('/metrics')
    .catch(() => null);
  if (text === null) return null;
  return [...text.matchAll(/^writ_projection_lag_events\{projection="([^"]+)"\} (\d+)/gm)].map(
    ([, projection = '', behind]) => ({ projection, behind: Number(behind) }),
  );
}

function lagInWords(lags: readonly Lag[] | null): string | null {
  if (lags === null || lags.length === 0) return null;
  const late = lags.filter(({ behind }) => behind > 0);
  if (late.length === 0) return `${lags.length}, all at the end of the log`;
  return late.map(({ projection, behind }) => `${projection} ${behind} events behind`).join(', ');
}

type Report = {
  readonly httpUrl: string;
  readonly natsUrl: string | null;
  readonly dataDir: string | null;
  readonly pid: number | null;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly ready: boolean;
  readonly troubles: readonly Trouble[];
  /** `null` where the key may not ask. */
  readonly readModels: readonly Lag[] | null;
};

function render(out: Output, report: Report): string {
  const { colours } = out;
  const fields = renderFields(out, [
    ['platform', report.ready ? 'ready' : 'not ready', report.ready ? colours.green : colours.red],
    ['HTTP', report.httpUrl],
    ['NATS', report.natsUrl],
    ['data', report.dataDir],
    ['process', report.pid === null ? null : String(report.pid)],
    ['tenant', report.tenant],
    ['roles', report.roles.join(', ')],
    ['read models', lagInWords(report.readModels)],
  ]);
  const columns: Column<Trouble>[] = [
    { title: 'PART', cell: (trouble) => trouble.part },
    { title: 'TROUBLE', cell: (trouble) => trouble.message, paint: () => colours.red },
  ];
  return report.troubles.length === 0
    ? fields
    : `${fields}\n\n${renderTable(out, columns, report.troubles, '')}`;
}
