/**
 * Kills one member of a running cell after the other, under load, and judges what is left.
 *
 * 1. Of each kind one is killed at a time: NATS nodes when the others have caught up, so that the majority stays; of a
 *    role when the other one is ready. A ruthless run kills whatever is up, all three NATS nodes at once if it comes so.
 * 2. Every member is killed once before any is killed again; the order comes from the seed.
 * 3. What was begun gets its answer: clients try on after the last kill until they have it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { openStore, type Store } from '@writ/readmodels';
import { connect } from '@nats-io/transport-node';
import { ChaosClient, type ClientOptions } from './client.ts';
import {
  factsLane,
  inboxLane,
  type Lane,
  livesLane,
  prepareSteadyAgents,
  questionsLane,
  rowsLane,
} from './lanes.ts';
import { Ledger } from './ledger.ts';
import type { Member } from './member.ts';
import { type Random, seededRandom } from './random.ts';
import { type Kill, longestWaits, recoveries, type Recovery } from './recovery.ts';
import { openStage, type Stage } from './stage.ts';
import { type Findings, judge, quiesce } from './verdict.ts';

export type ChaosOptions = {
  readonly seconds: number;
  readonly seed: number;
  /** A kill comes after so long on average. */
  readonly killEveryMs: number;
  readonly layout: 'roles' | 'hosts';
  /** Clients of each kind; the load. */
  readonly clients: number;
  /** Kill without regard to what is down already; false when left out. */
  readonly ruthless?: boolean;
  /** Ends the killing early. */
  readonly signal?: AbortSignal;
  readonly tell: (text: string) => void;
};

export type ChaosReport = {
  readonly seed: number;
  readonly ok: boolean;
  readonly findings: Findings;
  readonly counts: Readonly<
    Record<
      'kills' | 'acknowledged' | 'queued' | 'refused' | 'questions' | 'events' | 'retries',
      number
    >
  >;
  readonly retriedFor: Readonly<Record<string, number>>;
  readonly recoveries: readonly Recovery[];
  /** The longest that a client of each kind waited for an answer, in milliseconds. */
  readonly longestWaitMs: ReturnType<typeof longestWaits>;
};

const FINISH_MS = 90_000;
/** Between two things that a client does: the machine is shared with what is tested. */
const PAUSE_MS = 40;

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const faults: string[] = [];
  options.tell(`starting three NATS nodes, Postgres and every role twice (seed ${options.seed})`);
  const stage = await openStage({
    layout: options.layout,
    onFailedStart: options.tell,
    onFault: (said) => {
      faults.push(said);
      options.tell(said);
    },
  });
  const readModels = openStore(stage.databaseUrl, { max: 3 });
  try {
    return await run({ stage, readModels, faults }, options);
  } finally {
    await readModels.close().catch(() => undefined);
    await stage.stop();
  }
}

type Room = {
  readonly stage: Stage;
  readonly readModels: Store;
  readonly faults: readonly string[];
};

async function run(
  { stage, readModels, faults }: Room,
  options: ChaosOptions,
): Promise<ChaosReport> {
  const { tell, seed } = options;
  const ledger = new Ledger();
  const load = await startLoad({ stage, readModels, ledger }, options);
  const startedMs = performance.now();
  const progress = setInterval(
    () =>
      tell(
        `${ledger.count('acknowledged')} acknowledged, ${ledger.questions.length} answered, ${ledger.retries} tries again`,
      ),
    5000,
  );
  let kills: readonly Kill[];
  let events = 0;
  let findings: Findings;
  try {
    kills = await killInTurn(stage.members, seededRandom(seed), options);
    tell('no more kills; waiting until everybody has an answer and every row is written');
    await load.finish();
    await quiesce(stage, readModels);
    ({ events, ...findings } = await judge(stage, { ledger, readModels }));
    findings = { ...findings, roleFaults: faults };
  } finally {
    clearInterval(progress);
    await load.close();
  }
  return {
    seed,
    ok: Object.values(findings).every((found) => found.length === 0),
    findings,
    counts: {
      kills: kills.length,
      acknowledged: ledger.count('acknowledged'),
      queued: ledger.count('queued'),
      refused: ledger.count('refused'),
      questions: ledger.questions.length,
      events,
      retries: ledger.retries,
    },
    retriedFor: Object.fromEntries(ledger.errors),
    recoveries: recoveries(kills, ledger, startedMs),
    longestWaitMs: longestWaits(ledger),
  };
}

/** Kills for as long as the run lasts, then waits until everybody is back. */
async function killInTurn(
  members: readonly Member[],
  random: Random,
  options: ChaosOptions,
): Promise<Kill[]> {
  const { seconds, killEveryMs, tell, signal } = options;
  const kills: Kill[] = [];
  const comingBack: Promise<void>[] = [];
  const endMs = performance.now() + seconds * 1000;
  let turn: Member[] = [];
  while (performance.now() < endMs && signal?.aborted !== true) {
    await wait(killEveryMs * (0.5 + random.next()), undefined, signal ? { signal } : {}).catch(
      () => undefined,
    );
    if (turn.length === 0) turn = random.shuffled(members);
    const victim = turn.find(
      (member) => member.up && (options.ruthless === true || twinsAreUp(member, members)),
    );
    if (victim === undefined) continue;
    turn = turn.filter((member) => member !== victim);
    const kill: Kill = { victim: victim.name, atMs: performance.now(), backMs: null };
    kills.push(kill);
    await victim.kill();
    tell(`killed ${victim.name}`);
    comingBack.push(
      victim.restart().then(() => {
        kill.backMs = Math.round(performance.now() - kill.atMs);
        tell(`${victim.name} is back after ${kill.backMs} ms`);
      }),
    );
  }
  await Promise.all(comingBack);
  return kills;
}

function twinsAreUp({ kind }: Member, members: readonly Member[]): boolean {
  return members.every((other) => other.kind !== kind || other.up);
}

type Load = { finish(): Promise<void>; close(): Promise<void> };

async function startLoad(
  { stage, readModels, ledger }: { stage: Stage; readModels: Store; ledger: Ledger },
  { seed, clients }: ChaosOptions,
): Promise<Load> {
  const random = seededRandom(seed + 1);
  const giveUp = new AbortController();
  const open: ChaosClient[] = [];
  const client = async (lane: string): Promise<ChaosClient> => {
    const more: Pick<ClientOptions, 'natsUrl' | 'adminKey'> = stage;
    const made = await ChaosClient.connect({
      lane,
      ledger,
      random,
      giveUp: giveUp.signal,
      natsUrl: more.natsUrl,
      adminKey: more.adminKey,
    });
    open.push(made);
    return made;
  };
  const inbox = await connect({
    servers: stage.natsUrl.split(','),
    token: stage.adminKey,
    inboxPrefix: `_INBOX.${keyIdOf(stage.adminKey)}`,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
  });
  await prepareSteadyAgents(await client('commands-0'));
  const lanes: Lane[] = [rowsLane(await client('rows-1'), readModels, ledger)];
  for (let n = 1; n <= clients; n++)
    lanes.push(
      livesLane(await client(`commands-${n}`)),
      factsLane(await client(`facts-${2 * n - 1}`), random),
      factsLane(await client(`facts-${2 * n}`), random),
      questionsLane(await client(`questions-${n}`), random),
      inboxLane(
        await client(`inbox-${n}`),
        { connection: inbox, keyId: keyIdOf(stage.adminKey) },
        random,
      ),
    );
  let running = true;
  const ended = lanes.map(async (lane) => {
    while (running) {
      await lane();
      await wait(PAUSE_MS);
    }
  });
  return {
    async finish() {
      running = false;
      const late = setTimeout(() => giveUp.abort(), FINISH_MS);
      await Promise.all(ended);
      clearTimeout(late);
    },
    async close() {
      running = false;
      giveUp.abort();
      await Promise.allSettled([...ended, inbox.close(), ...open.map((one) => one.close())]);
    },
  };
}

function keyIdOf(apiKey: string): string {
  return apiKey.split('_')[1] ?? '';
}
