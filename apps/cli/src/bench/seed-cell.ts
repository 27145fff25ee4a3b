/** `writ bench seed`: a made-up history in the log of a cell, running or not. */
import { EVENTS_EACH, LEAST_EACH, type Seeder, seedHistory, seedRules } from '@writ/bench';
import { hashSecret, newApiKey, openEventStore, type Secrets } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { CliFailure, exitCodes } from '../failure.ts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import { takeDataDirectory } from '../platform/data-directory.ts';
import { openHoldings } from '../platform/holdings.ts';
import { ensureSecrets, prepareLog } from '../platform/prepare.ts';
import { startNatsServer } from '../platform/servers.ts';
import type { Session } from '../session.ts';
import { progressBar } from '../terminal/progress-bar.ts';

/** A key, and policies that are published and made active. */
const RULES = 3;

type Wanted = { readonly events: number; readonly agents: number | undefined };
type Access = { readonly secrets: Secrets; readonly natsUrl: string };

export async function seedCell(session: Session, wanted: Wanted): Promise<void> {
  const { events } = wanted;
  const agents = wanted.agents ?? Math.max(1, Math.floor(events / EVENTS_EACH));
  const least = agents * LEAST_EACH + RULES;
  if (events < least)
    throw new CliFailure(
      exitCodes.usage,
      `${agents} agents need ${least} events at least, for their registrations and grants; give fewer agents or more events`,
    );
  const began = performance.now();
  const seeded = await withCell(session, (access) => seedInto(session, access, { events, agents }));
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const report = { ...seeded, events, agents, seconds };
  session.out.document(report, () => {
    const what = `${events.toLocaleString('en-US')} events of ${agents.toLocaleString('en-US')} agents`;
    const rules = seeded.policies
      ? ', and policies'
      : '; the policies of the cell stay as they are';
    return `${session.out.colours.green('seeded')} ${what} named ${seeded.container}:agent-…${rules}; the log ends at ${seeded.lastSeq}`;
  });
}

/** The cell that runs, or else the log of the data directory, for as long as this takes. */
async function withCell<T>(session: Session, work: (access: Access) => Promise<T>): Promise<T> {
  const { config, connection, out } = session;
  const running = connection();
  if (running !== undefined || config.environment.WRIT_NATS_URL !== undefined)
    return await work({ secrets: await cellSecrets(config), natsUrl: natsUrlOf(config, running) });
  const holdings = openHoldings();
  try {
    await holdings.hold(takeDataDirectory(config.dataDir, { fresh: false }), (directory) =>
      directory.release(),
    );
    const secrets = await ensureSecrets(config);
    out.note(`nothing runs in ${config.dataDir}; its log is opened meanwhile`);
    const server = await holdings.hold(
      startNatsServer({
        environment: config.environment,
        dataDir: config.dataDir,
        secrets,
        log: { debug() {}, info() {}, warn() {}, error() {} },
        onGivenUp: (failure) => out.note(failure.message),
      }),
      (nats) => nats.stop(),
    );
    await prepareLog(config, secrets, server.url);
    return await work({ secrets, natsUrl: server.url });
  } finally {
    await holdings.release((error) => out.note(`something did not stop cleanly: ${String(error)}`));
  }
}

type Seeded = {
  readonly container: string;
  readonly policies: boolean;
  readonly lastSeq: number;
};

function seedInto(
  { config, host }: Session,
  access: Access,
  { events, agents }: { readonly events: number; readonly agents: number },
): Promise<Seeded> {
  const { cell, ingest, pepper } = access.secrets;
  const tenant = config.environment.WRIT_TENANT;
  return asUser('commander-store', access, async (connection) => {
    const store = openEventStore({ connection, cell, ingest });
    const { lastSeq: before } = await store.status();
    // The secret is told to nobody: the key is only a name for who did all this.
    const { keyId, secret } = newApiKey();
    const seeder: Seeder = {
      tenant,
      // Where the log stood makes the agents of each run their own.
      container: `seed-${before}`,
      keyId,
      secretHash: hashSecret(pepper, secret),
      role: 'agent',
    };
    const signal = host.interrupted();
    const bar = progressBar(host.stderr);
    let done = 0;
    const onStored = (more: number): void => {
      if (signal.aborted) throw calledOff(done);
      done += more;
      bar.show({ what: 'seeding', done, total: events });
    };
    const options = { seeder, onStored };
    try {
      const policies = (await store.lastSequence(subjects.policies(tenant))) === 0;
      const rules = await seedRules(store, { ...options, policies });
      await seedHistory(store, { events: events - rules, agents, firstAgent: 0 }, options);
      return { container: seeder.container, policies, lastSeq: (await store.status()).lastSeq };
    } finally {
      bar.end();
    }
  });
}

function calledOff(done: number): CliFailure {
  return new CliFailure(exitCodes.no, `called off; ${done} events are stored and stay`, {
    code: 'CALLED_OFF',
  });
}
