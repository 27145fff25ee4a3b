/**
 * The commander: takes commands by request/reply and from INBOX, and appends what they decide.
 * It answers on one connection, which may publish to inboxes only, and stores on another.
 */
import {
  connectAs,
  disconnect,
  type InboxCommand,
  type Logger,
  openDeadLetters,
  openEventStore,
  openSnapshots,
  reporting,
  type RunningRole,
  type Secrets,
  serve,
  takeAdvisories,
  takeInbox,
  watchClock,
} from '@writ/bus';
import { parseCommandSubject, parseGovernorSubject, WritError } from '@writ/contracts';
import { emptyWorld, worldFold, worldFromLines } from '@writ/domain';
import { checkPolicies, checkSchema, policyDigest, schemaDigest } from '@writ/policy';
import { openStore } from '@writ/readmodels';
import { createAfterwards } from './afterwards.ts';
import { createAggregates } from './aggregates.ts';
import { expireApprovals } from './authority/expire-approvals.ts';
import { settleUses } from './authority/settle-uses.ts';
import type { Incoming } from './desk.ts';
import { openDirectory } from './directory.ts';
import { createFacts } from './facts.ts';
import { type CommandRoom, handleCommand, handleGovernorOrder } from './handle-command.ts';
import { checkedLog, openReadModels } from './known-facts.ts';

export type CommanderOptions = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly version: string;
  readonly log: Logger;
};

const MAX_IN_FLIGHT = 1024;
const INBOX_IN_FLIGHT = 64;
/** Shorter than clients wait: they hear that it is the store. */
const STORE_MS = 3000;

export async function startCommander(options: CommanderOptions): Promise<RunningRole> {
  const { secrets, log } = options;
  const connect = (user: 'commander-answer' | 'commander-store') =>
    connectAs(secrets, user, { servers: options.natsUrl, name: `writ-${user}` });
  const [answering, storing] = await Promise.all([
    connect('commander-answer'),
    connect('commander-store'),
  ]);
  const store = openEventStore({ connection: storing, cell: secrets.cell, ingest: secrets.ingest });
  const tables = openStore(options.databaseUrl, { max: 4, queryTimeoutMs: STORE_MS });
  const readModels = openReadModels(tables, () => checkedLog(storing, secrets.cell));
  const trouble = (what: string) => (error: WritError) =>
    log.warn({ code: error.code, err: error.message }, what);
  const snapshots = openSnapshots({
    connection: storing,
    ingest: secrets.ingest,
    store,
    fold: worldFold,
    onIgnored: (reason, detail) => log.warn({ reason, detail }, 'a snapshot is ignored'),
  });
  const world = (await snapshots.restore(worldFromLines)) ?? emptyWorld();
  log.info({ seq: world.seq, ignored: snapshots.counts.ignored }, 'the log is folded from here on');
  const directory = openDirectory({
    store,
    world,
    onTrouble: trouble('the commander could not follow the log'),
  });
  const clock = watchClock({
    store,
    onTrouble: trouble('the clock could not be compared with the broker'),
  });
  const time = { nowMs: () => Math.max(Date.now(), directory.timeMs) };
  const afterwards = createAfterwards((error, what) => log.warn({ err: error }, what));
  const room: CommandRoom = {
    cell: secrets.cell,
    get segment() {
      return store.segment;
    },
    nowMs: () => Date.now(),
    desk: {
      aggregates: createAggregates(store, time),
      facts: createFacts(store, readModels.known, time),
      directory,
      policies: { check: checkPolicies, checkSchema, digest: policyDigest, schemaDigest },
      pepper: secrets.pepper,
      operations: {
        letters: openDeadLetters({ connection: storing, ingest: secrets.ingest }),
        give: (incoming) => handle(incoming),
        lastSeq: async () => (await store.status()).lastSeq,
      },
      afterwards,
    },
  };
  const refuseDoubt = (): void => {
    if (directory.failure !== undefined) throw directory.failure;
    if (clock.skewed())
      throw new WritError(
        'CLOCK_SKEW',
        `this commander's clock is ${clock.offsetMs} ms off the broker's; set the clock`,
      );
  };
  const handle = (incoming: Incoming) => {
    refuseDoubt();
    return handleCommand(room, incoming);
  };

  await directory.ready.catch(async (error: unknown) => {
    clock.stop();
    await Promise.all([answering.close(), storing.close(), tables.close()]);
    throw error;
  });
  await clock.compared;
  const responder = await serve({
    connection: answering,
    name: 'writ-commander',
    version: options.version,
    description: 'takes commands and appends the events they lead to',
    maxInFlight: MAX_IN_FLIGHT,
    onError: (error, subject) => logFailure(log, error, subject),
    endpoints: [
      {
        name: 'command',
        subject: 'writ.*.cmd.>',
        queue: 'commanders',
        async handler(request) {
          const address = parseCommandSubject(request.subject);
          if (!address || address.kind !== 'cmd')
            throw new WritError(
              'VERB_UNKNOWN',
              'the subject is not `writ.<tenant>.cmd.<key>.<context>.<verb>`',
            );
          const reply = await handle({
            address,
            data: request.data,
            header: (name) => request.header(name),
          });
          request.reply(JSON.stringify(reply));
        },
      },
      {
        name: 'governor-order',
        subject: 'writ.*.gov.*.*',
        queue: 'commanders',
        async handler(request) {
          const address = parseGovernorSubject(request.subject);
          if (!address)
            throw new WritError(
              'VERB_UNKNOWN',
              'the subject is not `writ.<tenant>.gov.<key>.<verb>`',
            );
          refuseDoubt();
          const { data } = request;
          const header = (name: string) => request.header(name);
          request.reply(JSON.stringify(await handleGovernorOrder(room, { address, data, header })));
        },
      },
    ],
  });
  const intake = await takeInbox({
    connection: storing,
    ingest: secrets.ingest,
    maxInFlight: INBOX_IN_FLIGHT,
    onTrouble: trouble('the inbox waits'),
    async healthy() {
      refuseDoubt();
      await Promise.all([store.status(), readModels.check()]);
    },
    async handler(command: InboxCommand) {
      await handle({
        address: command,
        data: command.data,
        header: (name) => command.header(name),
        defaultIdempotencyKey: command.id,
      });
    },
  });

  const advisories = await takeAdvisories({
    connection: storing,
    ingest: secrets.ingest,
    onTrouble: trouble('a command that nobody finished could not be laid aside'),
  });

  const expiry = expireApprovals({
    book: directory.approvals,
    aggregates: room.desk.aggregates,
    refuseDoubt,
    nowMs: time.nowMs,
    onTrouble: (error) => log.warn({ err: error }, 'an approval that is over is not written down'),
  });

  const settling = settleUses({
    uses: directory.uses,
    store,
    aggregates: room.desk.aggregates,
    refuseDoubt,
    nowMs: time.nowMs,
    onTrouble: (error) => log.warn({ err: error }, 'a use that was reported is not settled yet'),
  });

  const role: RunningRole = {
    name: 'commander',
    state: () => ({ snapshots: snapshots.counts }),
    ready() {
      if (answering.isClosed() || storing.isClosed())
        return { ok: false, detail: 'not connected to the bus' };
      if (directory.failure !== undefined) return { ok: false, detail: directory.failure.message };
      if (clock.skewed())
        return { ok: false, detail: `the clock is ${clock.offsetMs} ms off the broker's` };
      return { ok: true };
    },
    async stop() {
      await Promise.all([responder.stop(), intake.stop(), advisories.stop()]);
      await Promise.all([expiry.stop(), settling.stop()]);
      // It needs the directory and the bus.
      await afterwards.over();
      clock.stop();
      await directory.stop();
      await Promise.all([disconnect(answering), disconnect(storing), tables.close()]);
    },
  };
  return reporting(role, () => storing);
}

function logFailure(log: Logger, error: unknown, subject: string): void {
  if (error instanceof WritError && error.code !== 'INTERNAL')
    log.debug({ code: error.code, subject }, error.message);
  else log.error({ err: error, subject }, 'a command failed by a fault of ours');
}
