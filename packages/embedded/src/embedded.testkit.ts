/** What the tests of this package share: folders, a bare configuration, waiting, a parent to kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { removeDataDirectory } from './data-directory.ts';
import type { NatsPlace } from './nats.ts';
import { reapServers } from './run-record.ts';

export type Parent = {
  readonly process: ChildProcess;
  readonly servers: Readonly<
    Record<'nats' | 'postgres', { readonly url: string; readonly pid: number }>
  >;
};

/** An empty data directory that is removed after the test, with whatever still runs in it ended. */
export function emptyDirectory(mode = 0o711): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-embedded-'));
  chmodSync(folder, mode);
  onTestFinished(async () => {
    await reapServers(folder);
    removeDataDirectory(folder);
  });
  return folder;
}

export function bareConfig(place: NatsPlace): string {
  const cluster = place.cluster;
  return `
server_name: ${place.serverName}
listen: "127.0.0.1:${place.port}"
http: "127.0.0.1:${place.monitorPort}"
jetstream { store_dir: ${JSON.stringify(place.storeDir)}, sync_interval: "1s" }
${cluster === undefined ? '' : clusterConfig(cluster)}`;
}

function clusterConfig({ name, port, routes, account }: NonNullable<NatsPlace['cluster']>): string {
  return `cluster {
  name: ${name}
  listen: "127.0.0.1:${port}"
  routes: ${JSON.stringify(routes)}
  authorization: ${JSON.stringify(account)}
}`;
}

/** Asks again until the answer is neither false nor undefined. */
export async function until<T>(check: () => Promise<T> | T, withinMs = 15_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await check();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > deadline)
      throw new Error(`it did not become true within ${withinMs} ms`);
    await pause(10);
  }
}

/** Starts another process that owns `dataDir` and runs both servers in it. */
export async function startParent(
  dataDir: string,
  account?: { uid: number; gid: number },
): Promise<Parent> {
  const readyFile = join(dataDir, 'ready.json');
  const script = new URL('./owner.testkit.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, dataDir, readyFile], {
    stdio: 'inherit',
    ...account,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the parent ended with code ${child.exitCode}`);
    return existsSync(readyFile) && readFileSync(readyFile, 'utf8').endsWith('\n');
  });
  return {
    process: child,
    servers: JSON.parse(readFileSync(readyFile, 'utf8')) as Parent['servers'],
  };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
