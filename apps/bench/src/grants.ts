/**
 * A million grants as a governor holds them: the memory of each, and how long it takes to read everything that a
 * question about one of them needs. The floor of the look-up is a bare `Map` from agent and action to a list.
 */
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RecordedEvent, WritEvent } from '@writ/contracts';
import { emptyWorld, foldEvent, gatherInputs, type World } from '@writ/domain';
import { inEvents, interleave, round } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { agentIdOf, KEY, TENANT } from './seed.ts';

const GRANTS = 1_000_000;
const ROUNDS = 200;
const LOOKUPS_AT_ONCE = 500;
const NOW_MS = Date.UTC(2027, 0, 4, 9);
const ENGINE = { name: 'none', version: '1' };

/** How many grants each agent has, and how many different actions they are of. */
type Spread = { readonly variant: string; readonly each: number; readonly actions: number };

const spreads: readonly Spread[] = [
  { variant: 'agents-50k', each: 20, actions: 20 },
  { variant: 'agents-100', each: 10_000, actions: 500 },
];

export async function benchGrants(progress: Progress): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const spread of spreads) results.push(await benchSpread(spread, progress));
  return results;
}

async function benchSpread(spread: Spread, progress: Progress): Promise<BenchResult> {
  const { variant, each } = spread;
  const agents = GRANTS / each;
  progress.say(`grants: ${agents} agents with ${each} grants each`);
  const world = emptyWorld();
  for (let n = 0; n < agents; n++) tell(world, registered(n));
  const before = heapBytes();
  for (let i = 0; i < GRANTS; i++) {
    tell(world, granted(i, spread));
    if (i % 50_000 === 0) progress.step(variant, (0.8 * i) / GRANTS);
  }
  const bytes = heapBytes() - before;
  const bytesEach = Math.round(bytes / GRANTS);
  progress.say(`grants: ${variant}: ${bytesEach} bytes each`);
  const { measured, floor } = await lookups(world, spread, progress);
  return compare(
    {
      name: 'grants',
      variant,
      memoryMb: round(bytes / 1024 / 1024, 0),
      bytesEach,
      floorIs: 'a bare Map from agent and action to a list',
      wanted: [{ of: 'bytesEach', atMost: 300 }],
    },
    measured,
    floor,
  );
}

/** Reads what random questions need, in turns with the floor; each is about a grant that is there. */
async function lookups(world: World, spread: Spread, progress: Progress) {
  const bare = bareMap(world);
  const took: { readonly measured: number[]; readonly floor: number[] } = {
    measured: [],
    floor: [],
  };
  let found = 0;
  const timed = (into: number[], look: (grant: number) => number) => async () => {
    const asked = Array.from({ length: LOOKUPS_AT_ONCE }, () => below(GRANTS));
    const began = performance.now();
    for (const grant of asked) found += look(grant);
    into.push(performance.now() - began);
    progress.step(spread.variant, 0.8 + (0.1 * took.measured.length) / ROUNDS);
  };
  const gathered = (grant: number): number => {
    const question = { ...questionOf(grant, spread), context: {}, unusable: [] };
    const { inputs } = gatherInputs(world, question, { nowMs: NOW_MS, engine: ENGINE });
    return inputs.grants.length;
  };
  const looked = (grant: number): number => {
    const { agentId, action } = questionOf(grant, spread);
    return bare.get(agentId)?.get(action)?.length ?? 0;
  };
  await interleave(ROUNDS, [timed(took.measured, gathered), timed(took.floor, looked)]);
  if (found < ROUNDS * LOOKUPS_AT_ONCE) throw new Error('a grant was not found');
  // What came first was not compiled yet.
  const warm = (times: readonly number[]) => inEvents(times.slice(ROUNDS / 10), LOOKUPS_AT_ONCE);
  return { measured: warm(took.measured), floor: warm(took.floor) };
}

function bareMap(world: World): Map<string, Map<string, unknown[]>> {
  const held = world.tenants.get(TENANT)?.grants ?? new Map();
  return new Map(
    [...held].map(([agentId, { grants }]) => [
      agentId,
      Map.groupBy([...grants], ({ actions }) => actions[0] ?? ''),
    ]),
  );
}

function questionOf(grant: number, { each, actions }: Spread) {
  return {
    tenant: TENANT,
    keyId: KEY,
    agentId: agentIdOf(Math.floor(grant / each)),
    action: `action-${grant % actions}`,
    resource: { type: 'dataset', id: resourceOf(grant) },
  };
}

/** Every fifth is of a resource of its own, the others share those of a team. */
function resourceOf(grant: number): string {
  return grant % 5 === 0 ? `table-${grant}` : `team-${grant % 499}-sales`;
}

function granted(i: number, { each, actions }: Spread): WritEvent<'GrantIssued'> {
  const ends = new Date(NOW_MS + 1000 * i + 60_000).toISOString();
  const resource = i % 5 === 0 ? resourceOf(i) : `team-${i % 499}-*`;
  const data = {
    grantId: randomUUID(),
    agentId: agentIdOf(Math.floor(i / each)),
    actions: [`action-${i % actions}`, ...(i % 3 === 0 ? [`read_${i % 97}`] : [])],
    resources: [`dataset:${resource}`],
    notBefore: null,
    expiresAt: i % 2 === 0 ? ends : null,
    conditions: i % 3 === 0 ? { maxCostMicros: (i % 1000) * 1000 } : {},
    delegable: 0,
    parent: null,
    reason: `ticket ${i % 1009}`,
    issuedBy: KEY,
  };
  return { type: 'GrantIssued', data };
}

function registered(n: number): WritEvent<'AgentRegistered'> {
  const agentId = agentIdOf(n);
  const runtime = { kind: 'nats' as const };
  const parts = { type: 'bench', version: '1.0.0', capabilities: [], runtime, owner: null };
  return {
    type: 'AgentRegistered',
    data: { agentId, name: agentId, ...parts, labels: {}, keyId: KEY },
  };
}

/** Folds an event as it comes from the log: no text in it is shared with any other. */
function tell(world: World, event: WritEvent): void {
  const read = JSON.parse(JSON.stringify(event)) as WritEvent;
  const recorded: RecordedEvent = {
    ...read,
    seq: world.seq + 1,
    subject: '',
    tenant: TENANT,
    id: '',
    timeMs: NOW_MS,
    version: 1,
    actor: { type: 'system', id: 'bench' },
    correlationId: null,
    causationId: null,
  };
  foldEvent(world, recorded);
}

/** What the heap holds when nothing in it is garbage. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

let state = 1;

/** A number from 0 on and below another, the same ones in every run. */
function below(bound: number): number {
  state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
  return Math.floor(((state >>> 0) / 2 ** 32) * bound);
}
