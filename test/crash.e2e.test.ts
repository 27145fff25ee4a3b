/** Killed in the middle of 50,000 events, and every row is still what a fresh fold of the log says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAs,
  type NatsConnection,
  openEventStore,
  readSecrets,
  type Secrets,
  writeSecrets,
} from '@writ/bus';
import { emptyWorld, foldEvent, readTrust, trustToJson, type World } from '@writ/domain';
import { compareReadModels } from '@writ/projector';
import { listPositions, migrate, openStore, type Store } from '@writ/readmodels';
import {
  appendRun,
  eventRun,
  eventually,
  type PlannedEvent,
  spawnWrit,
  startTestBus,
  startWrit,
  testDatabase,
  type WritProcess,
} from '@writ/testkit';
import { afterEach, describe, expect, test } from 'vitest';

const EVENTS = 50_000;
const AGENTS = 300;
const planned = (seed: number): PlannedEvent[] => eventRun({ count: EVENTS, agents: AGENTS, seed });

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

/** The lowest position of the projections of the log. */
async function position(readModels: Store): Promise<number> {
  const rows = (await listPositions(readModels)).filter((row) => row.source === 'EVENTS');
  for (const row of rows)
    if (row.paused)
      throw new Error(`${row.projection} paused at ${row.paused.seq}: ${row.paused.reason}`);
  return rows.length === 0 ? 0 : Math.min(...rows.map((row) => row.seq));
}

async function expectRowsOfTheLog(
  connection: NatsConnection,
  readModels: Store,
  lastSeq: number,
): Promise<void> {
  const compared = await compareReadModels(connection, readModels);
  expect(compared.flatMap(({ differences }) => differences)).toEqual([]);
  const rowsOf = (name: string) =>
    compared.find(({ projection }) => projection === name)?.rows ?? 0;
  expect(rowsOf('agents')).toBeGreaterThanOrEqual(AGENTS);
  expect(rowsOf('executions')).toBeGreaterThan(EVENTS / 3);
  expect(await position(readModels)).toBeGreaterThanOrEqual(lastSeq);
}

/** The trust of every agent in a fold in memory, as the governor makes it, is the trust in the rows. */
async function expectTrustOfTheWorld(world: World, readModels: Store): Promise<void> {
  const { rows } = await readModels.pool.query<{
    tenant: string;
    agent_id: string;
    state: unknown;
  }>('select tenant, agent_id, state from trust');
  expect(rows.length).toBeGreaterThanOrEqual(AGENTS);
  const minute = Math.ceil(world.timeMs / 60_000);
  for (const { tenant, agent_id, state } of rows) {
    const folded = world.tenants.get(tenant)?.trust.get(agent_id);
    if (!folded) throw new Error(`${agent_id} has a row of trust and no trust in the fold`);
    expect(state, agent_id).toEqual(JSON.parse(JSON.stringify(trustToJson(folded))));
    expect(readTrust(folded, minute, world.model).score).toBeGreaterThanOrEqual(0);
  }
}

async function foldOfTheLog(connection: NatsConnection, secrets: Secrets): Promise<World> {
  const store = openEventStore({ connection, cell: secrets.cell, ingest: secrets.ingest });
  const world = emptyWorld();
  for (
    let page = await store.read({ fromSeq: 1, limit: 5000 });
    page.length > 0;
    page = await store.read({ fromSeq: world.seq + 1, limit: 5000 })
  )
    for (const event of page) foldEvent(world, event);
  return world;
}

describe('killed in the middle of 50,000 events', () => {
  test('a projector goes on where it was, and every row equals a fresh fold', {
    timeout: 300_000,
  }, async () => {
    const bus = await startTestBus();
    undo.push(() => bus.stop());
    const database = await testDatabase('migrated', async (url) => {
      const tables = openStore(url, { max: 1 });
      await migrate(tables).finally(() => tables.close());
    });
    undo.push(() => database.drop());
    const readModels = openStore(database.url, { max: 2 });
    undo.push(() => readModels.close());
    const dataDir = await mkdtemp(join(tmpdir(), 'writ-crash-'));
    undo.push(() => rm(dataDir, { recursive: true, force: true }));
    await writeSecrets(join(dataDir, 'secrets.json'), bus.secrets);
    const env = { WRIT_NATS_URL: bus.url, WRIT_DATABASE_URL: database.url, WRIT_DATA_DIR: dataDir };
    const startProjector = (): WritProcess => spawnWrit(['run', 'projector'], { env });

    let projector = startProjector();
    undo.push(async () => {
      projector.kill('SIGKILL');
      await projector.ended;
    });
    const appending = appendRun(await bus.store(), planned(1));
    const seen: number[] = [];
    for (const least of [2_000, 15_000, 30_000]) {
      await eventually(async () => (await position(readModels)) >= least, { withinMs: 90_000 });
      projector.kill('SIGKILL');
      await projector.ended;
      seen.push(await position(readModels));
      projector = startProjector();
    }
    const lastSeq = await appending;
    expect(lastSeq).toBe(EVENTS);
    expect(seen.some((seq) => seq < lastSeq)).toBe(true);
    await eventually(async () => (await position(readModels)) >= lastSeq, { withinMs: 90_000 });
    const connection = await bus.connect('operator');
    await expectRowsOfTheLog(connection, readModels, lastSeq);
    await expectTrustOfTheWorld(await foldOfTheLog(connection, bus.secrets), readModels);
  });

  test('the whole process goes on where it was, and every row equals a fresh fold', {
    timeout: 300_000,
  }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'writ-crash-'));
    undo.push(() => rm(dataDir, { recursive: true, force: true }));
    const all = planned(2);
    const [before, after] = [all.slice(0, EVENTS / 2), all.slice(EVENTS / 2)];

    const first = await startWrit({ dataDir });
    const secrets = await readSecrets(join(dataDir, 'secrets.json'));
    const firstModels = openStore(first.connection.databaseUrl, { max: 1 });
    const writer = await connectAs(secrets, 'commander-store', {
      servers: first.connection.natsUrl,
    });
    const appending = appendRun(
      openEventStore({ connection: writer, cell: secrets.cell, ingest: secrets.ingest }),
      before,
    );
    await eventually(async () => (await position(firstModels)) >= 8_000, { withinMs: 90_000 });
    await first.kill9();
    // The servers of a killed process go on until the next start takes them over: what was acknowledged is there.
    const appended = await appending;
    await Promise.all([writer.close(), firstModels.close()]);

    const second = await startWrit({ dataDir });
    undo.push(() => second.stop());
    const readModels = openStore(second.connection.databaseUrl, { max: 2 });
    undo.push(() => readModels.close());
    const operator = await connectAs(secrets, 'operator', { servers: second.connection.natsUrl });
    undo.push(() => operator.close());
    const again = await connectAs(secrets, 'commander-store', {
      servers: second.connection.natsUrl,
    });
    undo.push(() => again.close());
    const store = openEventStore({ connection: again, cell: secrets.cell, ingest: secrets.ingest });
    expect((await store.status()).lastSeq).toBeGreaterThanOrEqual(appended);
    const lastSeq = await appendRun(store, after);
    await eventually(async () => (await position(readModels)) >= lastSeq, { withinMs: 90_000 });
    await expectRowsOfTheLog(operator, readModels, lastSeq);
    await expectTrustOfTheWorld(await foldOfTheLog(operator, secrets), readModels);
  });
});
