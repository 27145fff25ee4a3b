/** A cell for one test: a bus, a migrated database, projectors in this process and in their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EventStore, Logger, NatsConnection } from '@writ/bus';
import { listPositions, migrate, openStore, type Store } from '@writ/readmodels';
import {
  eventually,
  startTestBus,
  startTestPostgres,
  type TestBus,
  testDatabase,
  type TestPostgres,
} from '@writ/testkit';
import { compareReadModels } from './histories.ts';
import { type RunningProjector, startProjector } from './start-projector.ts';

export type TestCell = {
  readonly bus: TestBus;
  readonly store: Store;
  readonly log: EventStore;
  readonly operator: NatsConnection;
  readonly postgres: TestPostgres | undefined;
  project(): Promise<RunningProjector>;
  spawnProjector(): Promise<ChildProcess>;
  /** A rebuild of everything in a process of its own; its first word was said. */
  spawnRebuild(): Promise<ChildProcess>;
  /** Waits until every projection of the log is at a sequence. */
  reached(seq: number): Promise<void>;
  /** What differs between the rows and a fresh fold of the streams. */
  differences(): Promise<readonly unknown[]>;
  stop(): Promise<void>;
};

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

async function migrated(url: string): Promise<void> {
  const store = openStore(url);
  await migrate(store).finally(() => store.close());
}

/** Starts a cell; `ownPostgres` gives it a server that the test may stop. */
export async function startTestCell({ ownPostgres = false } = {}): Promise<TestCell> {
  const [bus, postgres] = await Promise.all([
    startTestBus(),
    ownPostgres ? startTestPostgres() : undefined,
  ]);
  const database = postgres === undefined ? await testDatabase('readmodels', migrated) : undefined;
  if (postgres) await migrated(postgres.url);
  const databaseUrl = postgres?.url ?? database?.url ?? '';
  const store = openStore(databaseUrl, { max: 4 });
  const options = { secrets: bus.secrets, natsUrl: bus.url, databaseUrl, maxBatch: 500 };
  const running = new Set<RunningProjector>();
  const children = new Set<ChildProcess>();
  const operator = await bus.connect('operator');
  /** Starts a script in a process of its own and waits for its first word. */
  const spawnFixture = async (name: string): Promise<ChildProcess> => {
    const program = fileURLToPath(new URL(name, import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.add(child);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`\`${name}\` ended by itself with ${String(code)}`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return child;
  };
  return {
    bus,
    store,
    postgres,
    operator,
    log: await bus.store(),
    async project() {
      const projector = await startProjector({ ...options, log: quiet });
      running.add(projector);
      return projector;
    },
    spawnProjector: () => spawnFixture('./projector-process.fixture.ts'),
    spawnRebuild: () => spawnFixture('./rebuild-process.fixture.ts'),
    reached: (seq) =>
      eventually(
        async () => {
          const positions = (await listPositions(store)).filter(
            ({ source }) => source === 'EVENTS',
          );
          return positions.length > 0 && positions.every((position) => position.seq >= seq);
        },
        { withinMs: 90_000 },
      ).then(() => undefined),
    differences: async () =>
      (await compareReadModels(operator, store)).flatMap((comparison) => comparison.differences),
    async stop() {
      await Promise.all([...running].map((projector) => projector.stop()));
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await store.close();
      await Promise.all([bus.stop(), database?.drop(), postgres?.stop()]);
    },
  };
}
