/** Starts a server process that outlives nobody but a killed parent, and stops it in bounded steps. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedError, fileProblem, systemCode } from './embedded-error.ts';
import { logEnd, problemIn } from './log-problem.ts';
import { forgetServer, recordServer, type StopSteps } from './run-record.ts';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Launch = {
  readonly name: string;
  readonly dataDir: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error go here. */
  readonly outputFile: string;
  /** Further files in which the server may say why it ended. */
  readonly logFiles?: readonly string[];
  readonly steps: StopSteps;
  readonly spawn?: SpawnOptions;
};

export type LaunchedServer = {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  /** What the log says went wrong since the start, if anything that we know. */
  problem(): EmbeddedError | undefined;
  /** Why the server ended by itself, as one coded error. */
  failure(): EmbeddedError;
  stop(): Promise<void>;
};

const rotateAboveBytes = 16 * 1024 * 1024;
const leastFreeBytes = 16 * 1024 * 1024;
const alive = new Set<{ child: ChildProcess; signal: NodeJS.Signals }>();
let hooked = false;

/** Starts the program; throws `DISK_FULL` at once where it could not even write its log. */
export async function launch(options: Launch): Promise<LaunchedServer> {
  checkSpace(options.dataDir);
  const output = openLog(options.outputFile);
  const logs = [options.outputFile, ...(options.logFiles ?? [])].map((path) => ({
    path,
    from: sizeOf(path),
  }));
  const child = await spawned(options, output);
  const pid = child.pid ?? 0;
  const exited = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  recordServer(options.dataDir, { name: options.name, pid, steps: options.steps });
  const entry = { child, signal: options.steps[0]?.signal ?? 'SIGTERM' };
  endWithParent(entry);
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  void exited.then(() => {
    alive.delete(entry);
    forgetServer(options.dataDir, options.name);
  });
  const said = (): string => logs.map(({ path, from }) => logEnd(path, from)).join('\n');
  const problem = (): EmbeddedError | undefined => problemIn(options.name, said());
  return {
    pid,
    exited,
    hasExited,
    problem,
    failure: () => problem() ?? unexplained(options, child, said()),
    stop: async () => await stopInSteps(child, options.steps, exited, hasExited),
  };
}

/**
 * Polls until `check` gives something; throws the server's own reason when it ends first or the time is
 * over (which is long: a server that was killed first reads its log again).
 */
export async function untilReady<T>(
  server: LaunchedServer,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 300_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 1.5, 50)) {
    const ready = await check();
    if (ready !== undefined) return ready;
    if (server.hasExited()) throw server.failure();
    if (performance.now() > deadline) {
      const failure = server.failure();
      await server.stop();
      throw failure;
    }
    await pause(waitMs);
  }
}

async function spawned(options: Launch, output: number): Promise<ChildProcess> {
  try {
    // A session of its own: Ctrl-C in the terminal is for us, who then stop the servers in order.
    const child = spawn(options.command, options.args, {
      ...options.spawn,
      stdio: ['ignore', output, output],
      detached: true,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return child;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') {
      throw new EmbeddedError(
        'BINARY_MISSING',
        `there is no program \`${options.command}\``,
        thrown,
      );
    }
    throw new EmbeddedError(
      'SERVER_FAILED',
      `cannot run \`${options.command}\`: ${String(thrown)}`,
      thrown,
    );
  } finally {
    closeSync(output);
  }
}

async function stopInSteps(
  child: ChildProcess,
  steps: StopSteps,
  exited: Promise<Exit>,
  hasExited: () => boolean,
): Promise<void> {
  for (const { signal, waitMs } of [...steps, { signal: 'SIGKILL' as const, waitMs: 5_000 }]) {
    if (hasExited()) return;
    child.kill(signal);
    const over = new AbortController();
    await Promise.race([
      exited,
      pause(waitMs, undefined, { signal: over.signal }).catch(() => undefined),
    ]);
    over.abort();
  }
}

function endWithParent(entry: { child: ChildProcess; signal: NodeJS.Signals }): void {
  alive.add(entry);
  if (hooked) return;
  hooked = true;
  process.on('exit', () => {
    for (const { child, signal } of alive) child.kill(signal);
  });
}

function unexplained(options: Launch, child: ChildProcess, said: string): EmbeddedError {
  const how =
    child.exitCode !== null
      ? `ended with code ${child.exitCode}`
      : child.signalCode !== null
        ? `was ended by ${child.signalCode}`
        : 'did not become ready';
  const last = said.trim().split('\n').at(-1) ?? '';
  const says = last === '' ? '' : `, its last words: ${last.slice(0, 300)}`;
  return new EmbeddedError(
    'SERVER_FAILED',
    `${options.name} ${how}${says}; its log is \`${(options.logFiles ?? [options.outputFile])[0]}\``,
  );
}

function checkSpace(dataDir: string): void {
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize >= leastFreeBytes) return;
  throw new EmbeddedError(
    'DISK_FULL',
    `the disk that holds \`${dataDir}\` is full (less than ${leastFreeBytes / 1024 / 1024} MiB are free); free some space and start again`,
  );
}

function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (sizeOf(path) > rotateAboveBytes) renameSync(path, `${path}.1`);
    return openSync(path, 'a', 0o600);
  } catch (thrown) {
    throw fileProblem(path, thrown);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
