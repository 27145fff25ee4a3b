/**
 * Kills one member of a running cell after the other, under load, and judges what is left.
 * What was begun gets its answer: clients try on after the last kill until they have it.
 */
import { openStore, type Store } from '@writ/readmodels';
import { killInTurn } from './killing.ts';
import { Ledger } from './ledger.ts';
import { startLoad } from './load.ts';
import { type Kill, longestWaits, recoveries, type Recovery } from './recovery.ts';
import { startRolling } from './rolling.ts';
import { openStage, type Stage } from './stage.ts';
import { type Findings, judge, quiesce } from './verdict.ts';

export type ChaosOptions = {
  readonly seconds: number;
  readonly seed: number;
  /** A kill comes after so long on average. */
  readonly killEveryMs: number;
  readonly layout: 'roles' | 'hosts';
  /** The log is rolled over so often. */
  readonly rollEveryMs: number;
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
      | 'kills'
      | 'rolls'
      | 'acknowledged'
      | 'queued'
      | 'refused'
      | 'questions'
      | 'events'
      | 'retries',
      number
    >
  >;
  readonly retriedFor: Readonly<Record<string, number>>;
  readonly recoveries: readonly Recovery[];
  /** The longest that a client of each kind waited for an answer, in milliseconds. */
  readonly longestWaitMs: ReturnType<typeof longestWaits>;
};

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const faults: string[] = [];
  const onFault = (said: string): void => {
    faults.push(said);
    options.tell(said);
  };
  options.tell(`starting three NATS nodes, Postgres and every role twice (seed ${options.seed})`);
  const stage = await openStage({ layout: options.layout, onFault });
  const readModels = openStore(stage.databaseUrl, { max: 3 });
  try {
    return await run({ stage, readModels, faults, onFault }, options);
  } finally {
    await readModels.close().catch(() => undefined);
    await stage.stop();
  }
}

type Room = {
  readonly stage: Stage;
  readonly readModels: Store;
  readonly faults: readonly string[];
  readonly onFault: (said: string) => void;
};

async function run(
  { stage, readModels, faults, onFault }: Room,
  options: ChaosOptions,
): Promise<ChaosReport> {
  const { tell, seed } = options;
  const ledger = new Ledger();
  const load = await startLoad({ stage, readModels, ledger }, options);
  const rolling = await startRolling(stage, { everyMs: options.rollEveryMs, tell, onFault });
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
    kills = await killInTurn({ ...options, members: stage.members, onFault });
    await rolling.stop();
    tell('no more kills; waiting until everybody has an answer and every row is written');
    await load.finish();
    await quiesce(stage, readModels);
    ({ events, ...findings } = await judge(stage, { ledger, readModels }));
    findings = { ...findings, roleFaults: faults };
  } finally {
    clearInterval(progress);
    await Promise.all([rolling.stop(), load.close()]);
  }
  return {
    seed,
    ok: Object.values(findings).every((found) => found.length === 0),
    findings,
    counts: {
      kills: kills.length,
      rolls: rolling.rolls,
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
