/**
 * Random histories of orders, facts, retries, lost answers, restarts and leaders killed, held against a model.
 * `WRIT_TEST_HISTORIES` runs so many on each; a failure prints the seed, which `WRIT_TEST_SEED` takes.
 */
import { type EventStore, type StoredEvent } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import {
  eventually,
  startTestBus,
  type TestBus,
  type TestDatabase,
  testDatabase,
} from '@writ/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedKey } from '../seed-key.testkit.ts';
import { Model } from './model.fixture.ts';
import { KEY, Real, TENANT } from './real.fixture.ts';
import { AGENTS, agentIdOf, steps } from './steps.fixture.ts';

const wanted = process.env['WRIT_TEST_HISTORIES'];
const seed = Number(process.env['WRIT_TEST_SEED'] ?? Date.now() % 2 ** 31);

describe.each([
  { nodes: 1 as const, histories: Number(wanted ?? 20), longest: 30 },
  { nodes: 3 as const, histories: Number(wanted ?? 3), longest: 20 },
])('any history on $nodes nodes', ({ nodes, histories, longest }) => {
  let bus: TestBus;
  let database: TestDatabase;
  let real: Real;
  let count = 0;

  beforeAll(async () => {
    [bus, database] = await Promise.all([
      startTestBus({ nodes }),
      testDatabase('migrated', migrated),
    ]);
    await seedKey(await bus.store(), { tenant: TENANT, keyId: KEY, role: 'admin', agents: [] });
    real = await Real.start(bus, database.url);
  });
  afterAll(async () => {
    await real?.stop();
    await Promise.all([bus?.stop(), database?.drop()]);
  });

  test('leaves every acknowledged event once, versions without a hole, and nothing of what was refused', {
    timeout: 120_000 + histories * 60_000,
  }, async () => {
    const arbitrary = fc.commands(steps({ cluster: nodes === 3 }), {
      maxCommands: longest,
      size: 'max',
    });
    const history = fc.asyncProperty(arbitrary, async (commands) => {
      const model = new Model(AGENTS);
      const world = { real, name: `h${nodes}x${++count}` };
      await fc.asyncModelRun(() => ({ model, real: world }), commands);
      await real.healed();
      for (let agent = 0; agent < AGENTS; agent++)
        await expectAgent(real.log, { model, agent, agentId: agentIdOf(world.name, agent) });
    });
    await fc.assert(history, { seed, numRuns: histories, endOnFailure: true });
  });
});

async function expectAgent(
  log: EventStore,
  {
    model,
    agent,
    agentId,
  }: { readonly model: Model; readonly agent: number; readonly agentId: string },
): Promise<void> {
  const expected = model.agent(agent);
  const load = async (subject: string): Promise<StoredEvent[]> =>
    (await eventually(() => log.load(subject), { withinMs: 30_000 })).events;
  const life = await load(subjects.agent(TENANT, agentId));
  const grants = await load(subjects.grants(TENANT, agentId));
  const facts = await load(subjects.facts(TENANT, agentId));
  expect(typesOf(life)).toEqual(expected.life);
  expect(typesOf(grants)).toEqual(expected.grants);
  expect(counted(typesOf(facts))).toEqual(expected.facts);
  for (const events of [life, grants, facts])
    expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1));
  const ids = [...life, ...grants, ...facts].map(({ id }) => id);
  const acknowledged = model.stored
    .filter(({ order }) => order.agent === agent)
    .flatMap(({ events }) => events);
  expect(ids.toSorted()).toEqual(acknowledged.toSorted());
}

const typesOf = (events: readonly StoredEvent[]): string[] => events.map(({ type }) => type);

function counted(types: readonly string[]): Map<string, number> {
  return new Map(
    [...Map.groupBy(types, (type) => type)].map(([type, same]) => [type, same.length]),
  );
}

async function migrated(url: string): Promise<void> {
  const readModels = openStore(url, { max: 1 });
  await migrate(readModels).finally(() => readModels.close());
}
