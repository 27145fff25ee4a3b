/** The projector: reads the streams of a cell and keeps the rows of the read models. */
import { randomUUID } from 'node:crypto';
import { connectAs, type Logger, reporting, type RunningRole, type Secrets } from '@writ/bus';
import { openStore } from '@writ/readmodels';
import { startLane } from './lane.ts';
import type { Lane, LaneLag } from './lane-state.ts';
import { decisionsSource, eventsSource, operationsSource, type Source } from './sources.ts';

export type ProjectorOptions = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly log: Logger;
  /** Messages folded at once, at most; 3,000 when left out. */
  readonly maxBatch?: number;
};

export type RunningProjector = RunningRole & {
  /** How far each projection is behind its stream; empty for those that another projector has. */
  lag(): readonly LaneLag[];
};

const MAX_BATCH = 3000;
/** Much longer than a statement of the largest batch takes, and short enough for a stop to end in the time it has. */
const STORE_MS = 20_000;

/** Starts projecting; outages of NATS or Postgres are waited out, now and later. */
export async function startProjector(options: ProjectorOptions): Promise<RunningProjector> {
  const { secrets, log } = options;
  const connection = await connectAs(secrets, 'projector-store', {
    servers: options.natsUrl,
    name: 'writ-projector',
  });
  // Two connections for each stream: one holds the lock, one writes.
  const store = openStore(options.databaseUrl, {
    max: 6,
    queryTimeoutMs: STORE_MS,
    // One name for each process: who stands by ends the connections of one that fell silent.
    applicationName: `writ-projector ${randomUUID().slice(0, 8)}`,
    onTrouble: (error) => log.debug({}, `a connection to Postgres was lost: ${error.message}`),
  });
  const lane = <Content>(source: Source<Content>): Lane =>
    startLane({
      connection,
      store,
      cell: secrets.cell,
      source,
      log,
      maxBatch: options.maxBatch ?? MAX_BATCH,
    });
  const lanes = [lane(eventsSource), lane(decisionsSource), lane(operationsSource)];
  const role: RunningProjector = {
    name: 'projector',
    ready: () => readinessOf(lanes),
    state: () => ({ lanes: lanes.map(({ source, state: { status } }) => ({ source, status })) }),
    lag: () => lanes.flatMap((one) => one.lag()),
    async stop() {
      await Promise.all(lanes.map((one) => one.stop()));
      await Promise.all([connection.close(), store.close()]);
    },
  };
  return reporting(role, () => connection);
}

/** Ready when every stream is projected or in another projector's hands, and nothing is paused. */
function readinessOf(lanes: readonly Lane[]): { ok: boolean; detail?: string } {
  for (const { source, state } of lanes) {
    if (state.status === 'running' || state.status === 'standby') continue;
    const reason = 'reason' in state ? `: ${state.reason}` : '';
    return { ok: false, detail: `${source} is ${state.status}${reason}` };
  }
  const paused = lanes.flatMap((lane) => lane.lag()).find((lag) => lag.paused !== null);
  return paused
    ? {
        ok: false,
        detail: `projection \`${paused.projection}\` is paused after ${paused.seq}: ${paused.paused ?? ''}`,
      }
    : { ok: true };
}
