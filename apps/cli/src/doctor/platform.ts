/** The running platform: its process, its API, its streams and clock, its tables. */
import { withTopology } from '../operations/streams.ts';
import {
  asUser,
  cellSecrets,
  databaseUrlOf,
  natsUrlOf,
  withStore,
} from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { type Examination, failed, type Finding, ok, repaired, skipped } from './finding.ts';
import { examineRoles } from './roles.ts';

const MAX_SKEW_MS = 500;

export function examinePlatform(session: Session, repair: boolean): readonly Examination[] {
  return [
    { check: 'process', run: () => [examineProcess(session)] },
    { check: 'api', run: async () => [await examineApi(session)] },
    { check: 'roles', run: () => examineRoles(session) },
    { check: 'streams', run: async () => [await examineStreams(session, repair)] },
    { check: 'clock', run: async () => [await examineClock(session)] },
    { check: 'tables', run: async () => [await examineTables(session, repair)] },
  ];
}

function examineProcess({ connection, config }: Session): Finding {
  const running = connection();
  if (running === undefined)
    return skipped('process', `nothing is recorded as running in \`${config.dataDir}\``);
  try {
    process.kill(running.pid, 0);
    return ok('process', `${running.pid} runs ${running.roles.join(', ')}`);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')
      return ok('process', `${running.pid} runs as another user`);
    return failed(
      'process',
      `${running.pid} is recorded as running but is gone`,
      'start it again with `writ up`; it cleans up first',
    );
  }
}

async function examineApi(session: Session): Promise<Finding> {
  type Ready = {
    readonly troubles?: readonly { readonly part: string; readonly message: string }[];
  };
  const { ok: ready, body } = await session.api().getWhatever<Ready>('/ready');
  if (ready) return ok('api', `${session.api().baseUrl} is ready`);
  const why = (body.troubles ?? []).map(({ part, message }) => `${part}: ${message}`).join('; ');
  return failed('api', `${session.api().baseUrl} is not ready: ${why}`);
}

async function examineStreams(session: Session, repair: boolean): Promise<Finding> {
  const { applyStreams, checkStreams } = await import('@writ/streams');
  const { ok: same, plan } = await withTopology(session, checkStreams);
  if (same) return ok('streams', `${plan.steps.length} are as declared`);
  const differing = plan.steps.filter((step) => step.action !== 'none');
  const names = differing.map((step) => step.target).join(', ');
  if (!repair)
    return failed(
      'streams',
      `${names} differ from their declaration`,
      '`writ streams plan` shows how, `writ doctor --repair` applies what is safe',
    );
  const applied = await withTopology(session, applyStreams);
  const refused = applied.steps.filter((step) => step.action === 'refuse');
  if (refused.length === 0) return repaired('streams', `${names} are as declared again`);
  return failed(
    'streams',
    refused.map((step) => `${step.target}: ${step.reason ?? 'refused'}`).join('; '),
    'this could lose data, so a person must do it',
  );
}

async function examineClock(session: Session): Promise<Finding> {
  const { askedMs, answeredMs, serverTimeMs } = await readLogStatus(session);
  const offsetMs = Math.round((askedMs + answeredMs) / 2 - serverTimeMs);
  return Math.abs(offsetMs) <= MAX_SKEW_MS
    ? ok('clock', `${offsetMs} ms off the broker's`)
    : failed(
        'clock',
        `${offsetMs} ms off the broker's`,
        'set the clock; commanders stop and governors deny beyond 500 ms',
      );
}

async function readLogStatus({ config, connection }: Session) {
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, connection());
  const { openEventStore } = await import('@writ/bus');
  return asUser('operator', { secrets, natsUrl }, async (nats) => {
    const { cell, ingest } = secrets;
    const askedMs = Date.now();
    const status = await openEventStore({ connection: nats, cell, ingest }).status();
    return { ...status, askedMs, answeredMs: Date.now() };
  });
}

async function examineTables({ config, connection }: Session, repair: boolean): Promise<Finding> {
  const { migrate, pendingMigrations, reading } = await import('@writ/readmodels');
  return withStore(databaseUrlOf(config, connection()), 'writ-doctor', async (store) => {
    const pending = await reading(() => pendingMigrations(store));
    if (pending.length === 0) return ok('tables', 'up to date');
    if (!repair)
      return failed(
        'tables',
        `${pending.join(', ')} are missing`,
        '`writ db migrate` brings them up to date',
      );
    return repaired('tables', `${(await migrate(store)).join(', ')} applied`);
  });
}
