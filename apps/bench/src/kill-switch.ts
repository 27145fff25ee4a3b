/**
 * The kill switch with four governors under load: how long after its command was acknowledged until the last of them has
 * denied, against a bare event on its way from a publisher over the log to a subscriber of what is republished.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { treeMemoryMb } from './machine.ts';
import { type Measured, quantile, round } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { agentIdOf, KEY, seed, TENANT } from './seed.ts';
import { enrolledAgents, policySet, seederKey } from './seeded-events.ts';
import { openStage, type RoleProcess, type Stage } from './stage.ts';
import { StopWatch } from './stop-watch.ts';

const GOVERNORS = 4;
const ROUNDS = 300;
const WARM_UP = 30;
/** Between two rounds, so that one does not stand in the way of the next. */
const PAUSE_MS = 20;
/** Agents that are stopped, one in each round; the load asks about others. */
const STOPPED = ROUNDS + WARM_UP;
const LOADED = 500;
const GRANTS_EACH = 20;
const POLICIES = 100;
/** Questions of the load per second: about half of what four governors and all else answer on two cores. */
const LOAD_PER_SECOND = 1000;

type Room = {
  readonly stage: Stage;
  readonly asking: NatsConnection;
  readonly watch: StopWatch;
  readonly progress: Progress;
};

export async function benchKillSwitch(progress: Progress): Promise<BenchResult[]> {
  const stage = await openStage();
  try {
    progress.say(`kill-switch: filling the log with ${STOPPED + LOADED} agents`);
    await seed(await stage.store(), function* (seeding) {
      yield seederKey(seeding);
      yield policySet(seeding, POLICIES);
      for (let n = 0; n < STOPPED; n++) yield seederKey(seeding, keyOf(n));
      yield* enrolledAgents(seeding, { from: 0, to: STOPPED + LOADED, grants: GRANTS_EACH });
    });
    const roles: RoleProcess[] = [await stage.run('commander')];
    for (let n = 0; n < GOVERNORS; n++) roles.push(await stage.run('governor'));
    const load = [STOPPED, LOADED, LOAD_PER_SECOND].map(String);
    const file = `${stage.dataDir}/secrets.json`;
    await stage.script('./kill-switch-load.ts', [file, stage.natsUrl, ...load]);
    const asking = await stage.connect('api-store');
    const watch = new StopWatch(asking, await stage.connect('operator'), GOVERNORS);
    const room = { stage, asking, watch, progress };
    const stopped = await stopAgents(room);
    const floor = await republish(room);
    const memory = await Promise.all(roles.map(({ pid }) => treeMemoryMb(pid)));
    const memoryMb = round(
      memory.reduce((sum, mb) => sum + mb, 0),
      1,
    );
    const floorIs =
      'a bare event under the same load, from its publication until a subscriber has it republished';
    const of = (variant: string) => ({ name: 'kill-switch', variant, memoryMb, floorIs });
    return [
      compare(
        { ...of('last-deny'), wanted: [{ of: 'p99Ms', atMost: 10 }] },
        inTimes(stopped.lastDenyMs),
        floor,
      ),
      compare(of('last-allow'), inTimes(stopped.lastAllowMs), floor),
      compare(of('command'), inTimes(stopped.commandMs), floor),
    ];
  } finally {
    await stage.stop();
  }
}

const keyOf = (n: number): string => `benchwatch${String(n).padStart(6, '0')}`;

type Stopped = {
  /** From the acknowledgement to the first deny of the governor that was the last to deny; 0 when all had before it. */
  readonly lastDenyMs: number[];
  /** From the acknowledgement to the last answer that still allowed; 0 when none did after it. */
  readonly lastAllowMs: number[];
  /** From the command to its acknowledgement. */
  readonly commandMs: number[];
};

async function stopAgents({ asking, watch, progress }: Room): Promise<Stopped> {
  const stopped: Stopped = { lastDenyMs: [], lastAllowMs: [], commandMs: [] };
  for (let n = 0; n < STOPPED; n++) {
    const agentId = agentIdOf(n);
    const watched = { agentId, keyId: keyOf(n) };
    await wait(PAUSE_MS);
    await watch.mustAllow(watched);
    const sentAt = performance.now();
    await engage(asking, { kind: 'agent', id: agentId });
    const acknowledgedAt = performance.now();
    const { lastDenyAt, lastAllowAt } = await watch.untilAllDeny(watched);
    progress.step('kill-switch last-deny', n / STOPPED);
    if (n < WARM_UP) continue;
    stopped.lastDenyMs.push(Math.max(0, lastDenyAt - acknowledgedAt));
    stopped.lastAllowMs.push(Math.max(0, lastAllowAt - acknowledgedAt));
    stopped.commandMs.push(acknowledgedAt - sentAt);
  }
  return stopped;
}

async function engage(connection: NatsConnection, scope: object): Promise<void> {
  const verb = 'authority.engage-kill-switch';
  const body = JSON.stringify({ scope, reason: 'measured' });
  const subject = subjects.command({ tenant: TENANT, key: KEY, verb });
  const reply = await connection.request(subject, body, { timeout: 10_000 });
  if (!reply.string().startsWith('{"ok":true'))
    throw new Error(`a command of the bench was refused: ${reply.string()}`);
}

/** One event after the other, each waited for where it is republished. */
async function republish({ stage, asking }: Room): Promise<Measured> {
  const store = await stage.store();
  const subject = subjects.killSwitch('bench-floor');
  let arrived = Promise.withResolvers<number>();
  asking.subscribe(subject, { callback: () => arrived.resolve(performance.now()) });
  await asking.flush();
  const tookMs: number[] = [];
  for (let n = 0, lastSeq = 0; n < STOPPED; n++) {
    arrived = Promise.withResolvers<number>();
    const scope = { kind: 'type', id: `t-${n}` } as const;
    const event = {
      type: 'KillSwitchEngaged',
      data: { scope, reason: 'measured' },
      id: randomUUID(),
      timeMs: Date.now(),
      version: n + 1,
      tenant: 'bench-floor',
      actor: { type: 'system', id: 'bench' },
      aggregate: 'kill-switch',
    } as const;
    const sentAt = performance.now();
    const stored = store.append([{ subject, expectedLastSeq: lastSeq, events: [event] }]);
    const arrivedAt = await arrived.promise;
    lastSeq = (await stored).lastSeq;
    if (n >= WARM_UP) tookMs.push(arrivedAt - sentAt);
  }
  return inTimes(tookMs);
}

function inTimes(tookMs: readonly number[]): Measured {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const total = tookMs.reduce((sum, ms) => sum + ms, 0);
  return {
    p50Ms: round(quantile(sorted, 0.5), 3),
    p99Ms: round(quantile(sorted, 0.99), 3),
    perSecond: total === 0 ? 0 : Math.round((1000 * tookMs.length) / total),
  };
}
