/**
 * The governor: answers permission questions from its memory of the log, and records every decision.
 * It answers on one connection, which may publish to inboxes only, and reads and records on another.
 */
import { hostname } from 'node:os';
import {
  connectAs,
  type Logger,
  openDecisionLog,
  openEventStore,
  type RunningRole,
  type Secrets,
  serve,
  watchClock,
} from '@writ/bus';
import { toWritError, type WritError } from '@writ/contracts';
import { openCedar } from '@writ/policy';
import { Desk } from './decide/desk.ts';
import { keepInService } from './in-service.ts';
import { RecordLog } from './records/record-log.ts';
import { GovernedState } from './state/governed-state.ts';

export type GovernorOptions = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly version: string;
  readonly log: Logger;
  /** Names this governor in the decision log; two that run at once need two names. */
  readonly name?: string;
};

/** The desk bounds what waits and denies in the shape of an answer; the bus must never refuse before it. */
const NO_BOUND = Number.MAX_SAFE_INTEGER;
const APPEND_MS = 2000;

export async function startGovernor(options: GovernorOptions): Promise<RunningRole> {
  const { secrets, log } = options;
  const connect = (user: 'governor-answer' | 'governor-store') =>
    connectAs(secrets, user, { servers: options.natsUrl, name: `writ-${user}` });
  const [answering, storing] = await Promise.all([
    connect('governor-answer'),
    connect('governor-store'),
  ]);
  const store = openEventStore({ connection: storing, cell: secrets.cell, ingest: secrets.ingest });
  const trouble = (what: string) => (error: WritError) =>
    log.warn({ code: error.code, err: error.message }, what);
  const engine = openCedar();
  const clock = watchClock({
    store,
    onTrouble: trouble('the clock could not be compared with the broker'),
  });
  const state = new GovernedState({
    store,
    engine,
    clock: Date.now,
    onTrouble: trouble('following the log was interrupted'),
    onEnd: (error) =>
      log.error({ err: error }, 'the log can not be followed; everything is denied'),
  });
  const records = new RecordLog({
    log: openDecisionLog({ connection: storing, ingest: secrets.ingest, timeoutMs: APPEND_MS }),
    governor: options.name ?? governorName(),
    clock: () => state.now(),
    onTrouble: (error) => trouble('decision records could not be stored')(toWritError(error)),
  });
  await state.caughtUp;
  await Promise.all(
    [...state.world.tenants.keys()].map((tenant) => records.settlePreviousBoot(tenant)),
  );

  const desk = new Desk({
    state,
    engine,
    records,
    cell: secrets.cell,
    segment: store.segment,
    skewed: () => clock.skewed(),
    onError: (error) => log.error({ err: error }, 'a question failed by a fault of ours'),
  });
  const responder = await serve({
    connection: answering,
    name: 'writ-governor',
    version: options.version,
    description: 'answers whether an agent may do something, and records every decision',
    maxInFlight: NO_BOUND,
    endpoints: [
      {
        name: 'permission',
        subject: 'writ.*.ask.*.permission',
        queue: 'governors',
        handler: (request) =>
          desk.permission(request.subject, request.data, (body) => request.reply(body)),
      },
      {
        name: 'permissions',
        subject: 'writ.*.ask.*.permissions',
        queue: 'governors',
        handler: (request) =>
          desk.permissions(request.subject, request.data, (body) => request.reply(body)),
      },
    ],
  });
  const service = keepInService(responder, () => state.doubt(), log);

  return {
    name: 'governor',
    ready() {
      if (answering.isClosed() || storing.isClosed())
        return { ok: false, detail: 'not connected to the bus' };
      const doubt =
        state.doubt() ??
        (clock.skewed() ? `the clock is ${clock.offsetMs} ms off the broker's` : undefined);
      return doubt === undefined ? { ok: true } : { ok: false, detail: doubt };
    },
    async stop() {
      await service.stop();
      clock.stop();
      await records
        .end()
        .catch((error: unknown) => log.warn({ err: error }, 'not all decision records are stored'));
      await state.stop();
      await Promise.all([answering.drain(), storing.drain()]);
    },
  };
}

/** Distinct per machine; a token of a subject. */
function governorName(): string {
  return `governor-${hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 48)}`;
}
