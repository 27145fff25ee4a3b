/**
 * Trust is folded in three places: in a governor's memory, in rows of Postgres, and by whoever replays the log. On a
 * long random log, with models published in between, they are the same to the last digit at the same sequence.
 */
import type { EventStore, StoredEvent } from '@writ/bus';
import { subjects } from '@writ/contracts';
import {
  type AgentTrust,
  applyFact,
  DEFAULT_TRUST_MODEL,
  formatNano,
  minuteOf,
  modelOf,
  ownModelOf,
  raterOf,
  readTrust,
  tenantModel,
  type TenantModelCommand,
  type TrustModel,
  trustFactOf,
  trustToJson,
} from '@writ/domain';
import { openCedar } from '@writ/policy';
import { applyEntries, openStore, projections, type Store } from '@writ/readmodels';
import {
  eventRun,
  eventually,
  type PlannedEvent,
  startTestBus,
  type TestBus,
  type TestDatabase,
  testDatabase,
} from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GovernedState } from '../apps/governor/src/state/governed-state.ts';
import { batchOf, claimAll, entriesOf } from '../packages/readmodels/src/test-store.fixture.ts';
import { migrated } from './migrated.ts';

const EVENTS = 100_000;
const AGENTS = 300;
const TENANTS = ['default', 'acme'];
/** In the middle of each stage the tenants publish a model, at its end all three are compared. */
const STAGES: readonly TenantModelCommand['parameters'][] = [
  { severity: { bad: { critical: 12.5 } }, halfLifeMinutes: { good: 20_160 } },
  { caps: null, peers: null, maxGood: 250 },
  { z: 1.2816, prior: { verified: 0.4 }, source: { good: { peer: 0.5, self: 0.01 } } },
  {
    halfLifeMinutes: { good: 43_200, bad: 7 },
    caps: { perRaterOwner: 0.3, perAgent: 2, raterOwners: 3 },
  },
];
const AT_ONCE = 200;

let bus: TestBus;
let database: TestDatabase;
let log: EventStore;
let store: Store;

beforeAll(async () => {
  [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  log = await bus.store();
  store = openStore(database.url, { max: 4 });
});
afterAll(async () => {
  await store.close();
  await Promise.all([bus.stop(), database.drop()]);
});

test(`on a random log of ${EVENTS} events governor, Postgres and replay have the same trust at the same sequence`, async () => {
  const governor = new GovernedState({
    store: log,
    engine: openCedar(),
    clock: Date.now,
    onTrouble: () => undefined,
    onEnd: () => undefined,
  });
  const replay = new Replay();
  const rows = await openRows();
  const writer = new Writer(log);
  const run = eventRun({ count: EVENTS, agents: AGENTS, seed: 20, tenants: TENANTS });
  const size = Math.ceil(EVENTS / STAGES.length);
  let compared = 0;
  for (const [stage, parameters] of STAGES.entries()) {
    const [from, middle] = [stage * size, (stage + 0.5) * size];
    await writer.append(run.slice(from, middle));
    for (const tenant of TENANTS) await writer.publish(tenant, parameters);
    await writer.append(run.slice(middle, from + size));
    const { lastSeq } = await log.status();
    for await (const events of since(replay.seq)) {
      replay.fold(events);
      await rows.apply(events);
    }
    await eventually(() => expect(governor.world.seq).toBe(lastSeq), { withinMs: 60_000 });
    expect(replay.seq).toBe(lastSeq);
    compared += await compare(governor, replay);
  }
  await governor.stop();
  process.stdout.write(
    `trust three ways: ${replay.seq} events, ${compared} states of agents compared, ${replay.weighed} facts weighed\n`,
  );
  expect(replay.seq).toBeGreaterThanOrEqual(EVENTS);
  expect(compared).toBe(AGENTS * STAGES.length);
}, 300_000);

/** Replays the log with nothing but facts and the step that weighs them. */
class Replay {
  readonly trust = new Map<string, AgentTrust>();
  readonly models = new Map<string, TrustModel>();
  readonly #modelStates = new Map<string, ReturnType<typeof tenantModel.initial>>();
  readonly #admins = new Set<string>();
  seq = 0;
  weighed = 0;

  fold(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#step(event);
      this.seq = event.seq;
    }
  }

  #step(event: StoredEvent): void {
    const { tenant } = event;
    const of = (agentId: string) => this.trust.get(`${tenant}/${agentId}`);
    if (event.type === 'KeyCreated' && event.data.role === 'admin')
      this.#admins.add(`${tenant}/${event.data.keyId}`);
    if (event.type === 'TrustModelPublished') {
      const state = tenantModel.evolve(
        this.#modelStates.get(tenant) ?? tenantModel.initial(),
        event,
      );
      this.#modelStates.set(tenant, state);
      this.models.set(tenant, ownModelOf(tenant, state) ?? DEFAULT_TRUST_MODEL);
    }
    const fact = trustFactOf(event, {
      ownerOf: (agentId) => of(agentId)?.owner ?? null,
      isAdminKey: (keyId) => this.#admins.has(`${tenant}/${keyId}`),
    });
    if (fact === undefined) return;
    const rater = raterOf(fact);
    const parties = {
      subject: of(fact.agentId),
      rater: rater === undefined ? undefined : of(rater),
    };
    const model = this.models.get(tenant) ?? DEFAULT_TRUST_MODEL;
    this.trust.set(`${tenant}/${fact.agentId}`, applyFact(parties, fact, model));
    this.weighed += 1;
  }
}

/** Writes many events at once; each aggregate keeps its own order. */
class Writer {
  readonly #log: EventStore;
  readonly #last = new Map<string, { readonly seq: number; readonly version: number }>();

  constructor(store: EventStore) {
    this.#log = store;
  }

  async append(planned: readonly PlannedEvent[]): Promise<void> {
    for (let at = 0; at < planned.length; at += AT_ONCE)
      await this.#batch(planned.slice(at, at + AT_ONCE));
  }

  async publish(tenant: string, parameters: TenantModelCommand['parameters']): Promise<void> {
    const subject = subjects.trustModel(tenant);
    const { events } = await this.#log.load(subject);
    const state = events.reduce(
      (model, event) =>
        event.type === 'TrustModelPublished' ? tenantModel.evolve(model, event) : model,
      tenantModel.initial(),
    );
    const [event] = tenantModel.decide(state, { type: 'PublishModel', parameters, note: null });
    if (event === undefined) throw new Error('the model says nothing new');
    const meta = {
      id: `model-${tenant}-${event.data.version}`,
      timeMs: Date.UTC(2027, 0, 4, 9),
      version: 0,
      tenant,
      actor: { type: 'system', id: 'test' },
      aggregate: 'trust-model',
    } as const;
    await this.#batch([{ subject, event: { ...event, ...meta } }]);
  }

  async #batch(planned: readonly PlannedEvent[]): Promise<void> {
    const bySubject = Map.groupBy(planned, ({ subject }) => subject);
    const writes = [...bySubject].map(([subject, items]) => {
      const { seq, version } = this.#last.get(subject) ?? { seq: 0, version: 0 };
      const events = items.map(({ event }, i) => ({ ...event, version: version + i + 1 }));
      return { subject, expectedLastSeq: seq, events };
    });
    const appended = await this.#log.append(writes);
    const seqs = new Map(appended.events.map(({ id, seq }) => [id, seq]));
    for (const { subject, events } of writes) {
      const { id = '', version = 0 } = events.at(-1) ?? {};
      this.#last.set(subject, { seq: seqs.get(id) ?? 0, version });
    }
  }
}

/** What the log has after a sequence, in pieces of changing size: a projection must not mind where its batches end. */
async function* since(seq: number): AsyncGenerator<StoredEvent[]> {
  const sizes = [1, 700, 5000, 33, 2500];
  for (let from = seq + 1, n = 0; ; n++) {
    const events = await log.read({ fromSeq: from, limit: sizes[n % sizes.length] ?? 1000 });
    const last = events.at(-1);
    if (last === undefined) return;
    yield events;
    from = last.seq + 1;
  }
}

async function openRows() {
  const trust = projections.EVENTS.filter(({ name }) => name === 'trust');
  const claims = await claimAll(store, trust);
  return {
    apply: (events: readonly StoredEvent[]) =>
      applyEntries(store.pool, claims, batchOf(entriesOf(events))),
  };
}

/** Compares everything that is folded, and scores at the same moment; returns how many agents there were. */
async function compare({ world }: GovernedState, replay: Replay): Promise<number> {
  const readMs = world.timeMs + 40 * 86_400_000;
  const { rows } = await store.pool.query<{
    name: string;
    state: unknown;
    model: string;
    bound: string;
    score: number;
  }>(
    `select tenant || '/' || agent_id as name, state, trust_model_of(tenant) as model,
            trust_lower_bound(r, s, minute, $1, identity, trust_model_of(tenant))::numeric(20, 9)::text as bound,
            trust_score(r, s, minute, $1, identity, trust_model_of(tenant)) as score
     from trust order by name`,
    [minuteOf(readMs)],
  );
  const inPostgres = new Map(rows.map(({ name, ...row }) => [name, row]));
  const inGovernor = [...world.tenants].flatMap(([tenant, known]) =>
    [...known.trust].map(([agentId, trust]) => {
      const model = modelOf(world, known);
      return [`${tenant}/${agentId}`, shown(trust, model, readMs)] as const;
    }),
  );
  const inReplay = [...replay.trust].map(([name, trust]) => {
    const model = replay.models.get(name.split('/')[0] ?? '') ?? DEFAULT_TRUST_MODEL;
    return [name, shown(trust, model, readMs)] as const;
  });
  expect(new Map(inReplay)).toEqual(new Map(inGovernor));
  expect(inPostgres).toEqual(new Map(inGovernor));
  return inPostgres.size;
}

function shown(trust: AgentTrust, model: TrustModel, readMs: number) {
  const { lowerBound, score, modelVersion } = readTrust(trust, minuteOf(readMs), model);
  return { state: trustToJson(trust), model: modelVersion, bound: formatNano(lowerBound), score };
}
