/**
 * What can be killed and comes back.
 *
 * 1. `up` is true from the moment a member answers until it is killed.
 * 2. A member that can not start again (because what it needs is down too) is started until it can, as a supervisor
 *    would; one that could not start when everything was there is a failure at once.
 * 3. A role that ends by itself after it was ready is a fault of ours: it is told, and started again.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type EmbeddedPostgres, type NatsCluster, startPostgres } from '@writ/embedded';
import { spawnWrit, type WritProcess } from '@writ/testkit';

export type Member = {
  readonly name: string;
  /** What there are several of: `nats`, or the role. */
  readonly kind: string;
  readonly up: boolean;
  /** Ends it as a crash does; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it is up again. */
  restart(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
};

const AGAIN_MS = 300;
const START_WITHIN_MS = 120_000;

export function natsMember(cluster: NatsCluster, index: number): Member {
  let up = true;
  return {
    name: `nats-${index + 1}`,
    kind: 'nats',
    get up() {
      return up;
    },
    async kill() {
      up = false;
      const node = cluster.nodes()[index];
      if (node === undefined) return;
      process.kill(node.pid, 'SIGKILL');
      await node.exited;
    },
    async restart() {
      await cluster.restart(index);
      up = true;
    },
    // The nodes of a cluster are stopped together.
    stop: () => Promise.resolve(),
  };
}

export function postgresMember(
  first: EmbeddedPostgres,
  dataDir: string,
  startWithinMs = START_WITHIN_MS,
): Member {
  let server: EmbeddedPostgres | undefined = first;
  const { port } = first;
  return {
    name: 'postgres',
    kind: 'postgres',
    get up() {
      return server !== undefined;
    },
    async kill() {
      const { pid, exited } = server ?? first;
      server = undefined;
      process.kill(pid, 'SIGKILL');
      await exited;
    },
    async restart() {
      const deadline = performance.now() + startWithinMs;
      while (server === undefined) {
        try {
          server = await startPostgres({ dataDir, port });
        } catch (cause) {
          // Its own children may hold the shared memory of the one before for a moment.
          const said = `in ${startWithinMs / 1000} s postgres could not start: ${String(cause)}`;
          if (performance.now() > deadline) throw new Error(said, { cause });
          await wait(AGAIN_MS);
        }
      }
    },
    stop: async () => await server?.stop(),
  };
}

export type RoleMemberOptions = {
  readonly kind: string;
  readonly number: number;
  readonly roles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A role ended although nobody asked it to. */
  readonly onFault: (said: string) => void;
};

/** One `writ run` process. It is not started yet. */
export function roleMember(options: RoleMemberOptions): Member {
  return new RoleMember(options);
}

class RoleMember implements Member {
  readonly #options: RoleMemberOptions;
  #process: WritProcess | undefined;
  #ending = false;
  #wasUp = false;
  up = false;

  constructor(options: RoleMemberOptions) {
    this.#options = options;
  }

  get kind(): string {
    return this.#options.kind;
  }

  get name(): string {
    return `${this.#options.kind}-${this.#options.number}`;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#ending = true;
    await this.#end('SIGTERM');
  }

  async restart(): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    while (!this.up && !this.#ending) {
      const started = spawnWrit(['run', ...this.#options.roles], { env: this.#options.env });
      this.#process = started;
      const ended = started.ended.then(() => 'ended' as const);
      if ((await Promise.race([untilReady(started, ended), ended])) === 'ready') {
        this.up = true;
        this.#wasUp = true;
        void this.#watch(started);
      } else if (!this.#ending && this.#process === started) {
        const said = `${this.name} could not start: ${started.stderr().trim().slice(-1000)}`;
        if (!this.#wasUp) throw new Error(said);
        if (performance.now() > deadline) throw new Error(`in ${START_WITHIN_MS / 1000} s ${said}`);
        await wait(AGAIN_MS);
      }
    }
  }

  async #watch(started: WritProcess): Promise<void> {
    const { code, signal, stderr } = await started.ended;
    if (this.#process !== started || !this.up) return;
    this.up = false;
    this.#options.onFault(`${this.name} ended with ${code ?? signal}: ${stderr.slice(-2000)}`);
    await this.restart().catch((error: unknown) => this.#options.onFault(String(error)));
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.up = false;
    this.#process?.kill(signal);
    await this.#process?.ended;
  }
}

async function untilReady(started: WritProcess, ended: Promise<unknown>): Promise<'ready'> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over && !started.stderr().includes('ready: ')) await wait(25);
  if (over) await new Promise(() => undefined);
  return 'ready';
}
