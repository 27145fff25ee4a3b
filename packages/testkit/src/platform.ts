/** The whole platform as a user starts it: `writ up` in a process of its own, on free ports and a directory of its own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { connectAs, type NatsConnection, readSecrets } from '@writ/bus';

const program = fileURLToPath(new URL('../../../apps/cli/src/main.ts', import.meta.url));

/** What a run of the program came to. */
export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type WritProcess = {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
};

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

/** Starts `writ <args…>` with nothing of this process's own settings in its environment. */
export function spawnWrit(args: readonly string[], options: RunOptions = {}): WritProcess {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    process.execPath,
    [program, ...args],
    {
      cwd: options.cwd ?? tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
        HOME: homedir(),
        ...options.env,
      },
    },
  );
  // A test that ends without stopping it must not leave it running.
  const endWithTest = () => child.kill('SIGTERM');
  process.once('exit', endWithTest);
  child.once('exit', () => process.off('exit', endWithTest));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    kill: (signal) => void child.kill(signal),
  };
}

/** Runs `writ <args…>` to its end. */
export function runWrit(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return spawnWrit(args, options).ended;
}

/** What `connection.json` says. */
export type WritConnection = {
  readonly natsUrl: string;
  readonly httpUrl: string;
  readonly databaseUrl: string;
  readonly adminKey: string;
  readonly tenant: string;
  readonly pid: number;
  readonly roles: readonly string[];
};

export type StartOptions = RunOptions & {
  /** Kept by `stop`; a new one, deleted by `stop`, when left out. */
  readonly dataDir?: string;
  /** More arguments of `up`, e.g. `--demo`. */
  readonly args?: readonly string[];
};

export type Writ = {
  readonly dataDir: string;
  readonly connection: WritConnection;
  readonly process: WritProcess;
  /** `writ <args…>` against this platform, to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** A connection to its bus that may do everything; whoever asks for it closes it. */
  operator(): Promise<NatsConnection>;
  /** Process ids of the embedded servers, by name. */
  serverPids(): Promise<Readonly<Record<string, number>>>;
  /** Ends it as Ctrl-C does; deletes the data directory if it was made here. */
  stop(signal?: 'SIGINT' | 'SIGTERM'): Promise<Ended>;
  /** Ends it as a crash does, its servers stay; the data directory is kept. */
  kill9(): Promise<void>;
};

/** Starts `writ up` and waits until it is ready; rejects with what it said when it ends before. */
export async function startWrit(options: StartOptions = {}): Promise<Writ> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'writ-test-up-')));
  const env = { WRIT_DATA_DIR: dataDir, WRIT_HTTP_PORT: '0', ...options.env };
  const child = spawnWrit(['up', ...(options.args ?? [])], { ...options, env });
  const connection = await untilConnected(child, dataDir);
  return {
    dataDir,
    connection,
    process: child,
    run: (args, more = {}) =>
      runWrit(args, { ...more, env: { WRIT_DATA_DIR: dataDir, ...more.env } }),
    operator: async () =>
      connectAs(await readSecrets(join(dataDir, 'secrets.json')), 'operator', {
        servers: connection.natsUrl,
      }),
    serverPids: () => serverPids(dataDir),
    async stop(signal = 'SIGINT') {
      child.kill(signal);
      const ended = await child.ended;
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      return ended;
    },
    async kill9() {
      child.kill('SIGKILL');
      await child.ended;
    },
  };
}

/** Process ids of the embedded servers that are recorded in a data directory, by name. */
export async function serverPids(dataDir: string): Promise<Readonly<Record<string, number>>> {
  const folder = join(dataDir, 'run');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const records = await Promise.all(
    names.map(
      async (name) =>
        JSON.parse(await readFile(join(folder, name), 'utf8')) as { name: string; pid: number },
    ),
  );
  return Object.fromEntries(records.map(({ name, pid }) => [name, pid]));
}

/** True while a process with this id runs; one that ended and was not waited for does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch (error) {
    // Systems without /proc answered the signal already.
    return error instanceof Error && 'path' in error && process.platform !== 'linux';
  }
}

/** Less than a hook may take, so that it can be said what the platform said. */
const READY_MS = 150_000;

async function untilConnected(child: WritProcess, dataDir: string): Promise<WritConnection> {
  const over = child.ended.then((ended) => {
    throw new Error(
      `writ up ended with ${ended.code ?? ended.signal} before it was ready: ${ended.stderr}`,
    );
  });
  over.catch(() => undefined);
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const found = await Promise.race([readConnection(dataDir), over]);
    if (found?.pid === child.pid) return found;
    if (performance.now() > deadline) {
      child.kill('SIGTERM');
      await child.ended;
      throw new Error(`writ up was not ready in time: ${child.stderr()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function readConnection(dataDir: string): Promise<WritConnection | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDir, 'connection.json'), 'utf8')) as WritConnection;
  } catch {
    return undefined;
  }
}
