/**
 * The governor: answers permission questions from its memory of the log, and records every decision.
 * It answers on one connection, which may publish to inboxes only, and reads and records on another.
 */
import {
  connectAs,
  type Endpoint,
  type Logger,
  type NatsConnection,
  openDecisionLog,
  openEventStore,
  openSnapshots,
  reporting,
  type RunningRole,
  type Secrets,
  serve,
  watchClock,
} from '@writ/bus';
import { toWritError, WritError } from '@writ/contracts';
import { emptyWorld, worldFold, worldFromLines } from '@writ/domain';
import { openCedar } from '@writ/policy';
import { openCommanderPath } from './claims/commander-path.ts';
import { Desk } from './decide/desk.ts';
import { send } from './decide/send.ts';
import { takeName } from './governor-name.ts';
import { keepInService } from './in-service.ts';
import { Denials } from './records/denials.ts';
import { RecordLog } from './records/record-log.ts';
import { GovernedState } from './state/governed-state.ts';
import { Checker } from './validation/checker.ts';
import { ValidationDesk } from './validation/validation-desk.ts';
import { WindowCounts } from './windows/window-counts.ts';
import { within } from './within.ts';

export type GovernorOptions = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly version: string;
  readonly log: Logger;
  /** Names this governor in the decision log; the machine and a free number when left out. */
  readonly name?: string;
  /** A module with checks of the installation's own, as an address to import. */
  readonly checks?: string;
};

type Connections = { readonly answering: NatsConnection; readonly storing: NatsConnection };

/** The desk bounds what waits and denies in the shape of an answer; the bus must never refuse before it. */
const NO_BOUND = Number.MAX_SAFE_INTEGER;
const APPEND_MS = 2000;
/** How long a start waits for the allows of before; what is not read by then is denied until it is. */
const READ_BACK_MS = 5000;
/** How long each step of stopping may wait for a bus that may be gone. */
const STOP_STEP_MS = 3000;

export async function startGovernor(options: GovernorOptions): Promise<RunningRole> {
  const connect = (user: 'governor-answer' | 'governor-store'): Promise<NatsConnection> =>
    connectAs(options.secrets, user, { servers: options.natsUrl, name: `writ-${user}` });
  const answering = await connect('governor-answer');
  const storing = await connect('governor-store').catch(async (error: unknown) => {
    await answering.close();
    throw error;
  });
  try {
    return await govern(options, { answering, storing });
  } catch (error) {
    await Promise.all([answering.close(), storing.close()]);
    throw error;
  }
}

async function govern(options: GovernorOptions, connections: Connections): Promise<RunningRole> {
  const { log, version } = options;
  const { answering, storing } = connections;
  const taken = options.name === undefined ? await takeName(options.secrets.cell) : undefined;
  const governor = options.name ?? taken?.name ?? '';
  const opened = await openDesk(options, governor, storing);
  const { state, records, windows, denials, desk, validation, checker, clock, snapshots } = opened;
  const onUnsent = (error: unknown): void =>
    log.error({ err: error }, 'an answer could not be sent');
  const responder = await serve({
    connection: answering,
    name: 'writ-governor',
    version,
    description: 'answers whether an agent may do something, and records every decision',
    maxInFlight: NO_BOUND,
    endpoints: [...endpointsOf(desk, onUnsent), validationEndpoint(validation)],
    onError: onUnsent,
  });
  const service = keepInService(responder, () => state.doubt(), log);
  const doubt = (): string | undefined => {
    if (answering.isClosed() || storing.isClosed()) return 'not connected to the bus';
    if (clock.skewed()) return `the clock is ${clock.offsetMs} ms off the broker's`;
    return state.doubt();
  };
  const role: RunningRole = {
    name: 'governor',
    ready() {
      const detail = doubt();
      return detail === undefined ? { ok: true } : { ok: false, detail };
    },
    state: () => ({ snapshots: snapshots.counts }),
    async stop() {
      // Those who wait for a person are answered, and ask another governor.
      state.approvals.close();
      await within(STOP_STEP_MS, service.stop());
      clock.stop();
      await checker.stop();
      denials.flush();
      await records
        .end()
        .catch((error: unknown) => log.warn({ err: error }, 'not all decision records are stored'));
      await within(STOP_STEP_MS, Promise.all([state.stop(), windows.stop()]));
      await Promise.all([answering, storing].map(leave));
      taken?.release();
    },
  };
  return reporting(role, () => storing);
}

async function openDesk(options: GovernorOptions, governor: string, storing: NatsConnection) {
  const { secrets, log } = options;
  const trouble = (what: string) => (error: WritError) =>
    log.warn({ code: error.code, err: error.message }, what);
  const { cell, ingest } = secrets;
  const store = openEventStore({ connection: storing, cell, ingest });
  const clock = watchClock({
    store,
    onTrouble: trouble('the clock could not be compared with the broker'),
  });
  const engine = openCedar();
  const snapshots = openSnapshots({
    connection: storing,
    ingest,
    store,
    fold: worldFold,
    onIgnored: (reason, detail) => log.warn({ reason, detail }, 'a snapshot is ignored'),
  });
  const world = (await snapshots.restore(worldFromLines)) ?? emptyWorld();
  log.info({ seq: world.seq, ignored: snapshots.counts.ignored }, 'the log is folded from here on');
  let windows: WindowCounts | undefined;
  const state = new GovernedState({
    store,
    world,
    engine,
    clock: Date.now,
    cutOff: () => clock.cutOff(),
    onTrouble: trouble('following the log was interrupted'),
    // What was allowed before a grant was given does not count against it.
    onWindow: (timeMs) => windows?.readFrom(timeMs),
    onEnd: (error) =>
      log.error({ err: error }, 'the log can not be followed; everything is denied'),
  });
  const notStored = trouble('decision records could not be stored');
  const decisions = openDecisionLog({ connection: storing, ingest, timeoutMs: APPEND_MS });
  const records = new RecordLog({
    log: decisions,
    governor,
    clock: Date.now,
    onTrouble: (error) => notStored(toWritError(error)),
  });
  await state.caughtUp;
  const tenants = [...state.world.tenants.keys()];
  await Promise.all(tenants.map((tenant) => records.settlePreviousBoot(tenant)));
  windows = new WindowCounts({
    log: decisions,
    governor,
    boot: records.boot,
    ticks: () => performance.now(),
    onTrouble: trouble('what other governors allowed could not be read'),
  });
  const longest = Math.max(...[...state.world.tenants.values()].map((one) => one.longestWindow), 0);
  if (longest > 0) windows.readFrom(state.now() - longest * 1000);
  await within(READ_BACK_MS, windows.ready);
  const denials = new Denials((tenant, tail) => records.of(tenant).add('denials', tail));
  const desk = new Desk({
    denials,
    state,
    engine,
    records,
    windows,
    claim: openCommanderPath(storing),
    cell,
    skewed: () => clock.skewed(),
    onError: (error) => log.error({ err: error }, 'a question failed by a fault of ours'),
  });
  const checker = await openChecker(options.checks);
  const validation = new ValidationDesk({
    state,
    engine,
    checker,
    claim: openCommanderPath(storing),
    doubt: () => state.doubt() ?? (clock.skewed() ? 'the clock differs too much' : undefined),
    onError: (error) =>
      log.error({ err: error }, 'a result could not be judged by a fault of ours'),
  });
  return { state, records, windows, denials, desk, validation, checker, clock, snapshots };
}

function endpointsOf(desk: Desk, onUnsent: (error: unknown) => void): Endpoint[] {
  return (['permission', 'permissions'] as const).map((question) => ({
    name: question,
    subject: `writ.*.ask.*.${question}`,
    queue: 'governors',
    handler: (request) =>
      desk[question](request.subject, request.data, (body) => send(request, body, onUnsent)),
  }));
}

/** Checks of the installation's own are loaded at once: one that can not be is told at the start. */
async function openChecker(checks: string | undefined): Promise<Checker> {
  const checker = new Checker(checks);
  if (checks === undefined) return checker;
  try {
    await checker.check({ id: '', rules: {} }, { keyId: '', action: '', result: {} });
  } catch (cause) {
    await checker.stop();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WritError('CONFIG_INVALID', `WRIT_VALIDATION_CHECKS can not be used: ${why}`, {
      cause,
    });
  }
  return checker;
}

function validationEndpoint(validation: ValidationDesk): Endpoint {
  return {
    name: 'validation',
    subject: 'writ.*.ask.*.validation',
    queue: 'governors',
    handler: async (request) =>
      request.reply(await validation.validate(request.subject, request.data)),
  };
}

/** Hands over what was sent; a bus that is gone is not waited for. */
async function leave(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  await within(STOP_STEP_MS, connection.drain());
  await connection.close();
}
