/**
 * Which server processes belong to a data directory: one small file per server, written as soon as it
 * runs. Whoever comes after a crashed parent ends what is recorded, and only that.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, processIdentity } from './process-identity.ts';

export type StopSteps = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

type RunRecord = {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
  readonly steps: StopSteps;
};

const recordsOf = (dataDir: string): string => join(dataDir, 'run');

/** Records a server that was just started. */
export function recordServer(
  dataDir: string,
  server: { name: string; pid: number; steps: StopSteps },
): void {
  const identity = processIdentity(server.pid);
  if (identity === undefined) return;
  mkdirSync(recordsOf(dataDir), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(recordsOf(dataDir), `${server.name}.json`),
    JSON.stringify({ ...server, identity }),
    { mode: 0o600 },
  );
}

/** Forgets a server that ended. */
export function forgetServer(dataDir: string, name: string): void {
  rmSync(join(recordsOf(dataDir), `${name}.json`), { force: true });
}

/** Ends every server that is recorded under `dataDir` and still lives; returns their names. */
export async function reapServers(dataDir: string): Promise<readonly string[]> {
  const records = readRecords(dataDir);
  const reaped = await Promise.all(
    records.map(async (record) => ((await endRecorded(record)) ? [record.name] : [])),
  );
  for (const record of records) forgetServer(dataDir, record.name);
  return reaped.flat();
}

async function endRecorded(record: RunRecord): Promise<boolean> {
  if (!isAlive(record)) return false;
  for (const { signal, waitMs } of [
    ...record.steps,
    { signal: 'SIGKILL' as const, waitMs: 5_000 },
  ]) {
    process.kill(record.pid, signal);
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      if (!isAlive(record)) return true;
      await pause(10);
    }
  }
  return true;
}

function readRecords(dataDir: string): readonly RunRecord[] {
  const folder = recordsOf(dataDir);
  return namesIn(folder).flatMap((name) => {
    try {
      const record = JSON.parse(readFileSync(join(folder, name), 'utf8')) as RunRecord;
      return typeof record.pid === 'number' && typeof record.identity === 'string' ? [record] : [];
    } catch {
      // Half a record can only be of a process that died while writing it.
      return [];
    }
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
