/** From an installed tree to the first decision, against starting the bare servers and nothing else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSecrets, natsServerConfig } from '@writ/bus';
import { startNats, startPostgres } from '@writ/embedded';
import { treeMemoryMb } from './machine.ts';
import { inRuns } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { cliEntry } from './stage.ts';

const ROUNDS = 3;
const GIVE_UP_MS = 60_000;

export async function benchBoot(progress: Progress): Promise<BenchResult[]> {
  const booted: number[] = [];
  const bare: number[] = [];
  let memoryMb = 0;
  for (let n = 0; n < ROUNDS; n++) {
    const run = await bootOnce();
    booted.push(run.elapsedMs);
    memoryMb = Math.max(memoryMb, run.memoryMb);
    progress.step('boot', (2 * n + 1) / (2 * ROUNDS));
    bare.push(await startBareServers());
    progress.step('boot', (2 * n + 2) / (2 * ROUNDS));
  }
  const floorIs = 'nats-server and Postgres started bare in an empty directory';
  return [
    compare(
      {
        name: 'boot',
        variant: 'empty-directory',
        memoryMb,
        floorIs,
        wanted: [{ of: 'p50Ms', atMost: 4000 }],
      },
      inRuns(booted),
      inRuns(bare),
    ),
  ];
}

type ConnectionFile = { readonly httpUrl: string; readonly adminKey: string };

async function bootOnce(): Promise<{ elapsedMs: number; memoryMb: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'writ-boot-'));
  const began = performance.now();
  const child = spawn(process.execPath, [cliEntry, 'up', '--data', dataDir], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], WRIT_HTTP_PORT: '0' },
  });
  const exited = once(child, 'exit');
  try {
    const connection = await untilReady(dataDir, began, () => child.exitCode);
    await firstDecision(connection);
    const elapsedMs = performance.now() - began;
    return { elapsedMs, memoryMb: await treeMemoryMb(child.pid ?? 0) };
  } finally {
    child.kill('SIGTERM');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function untilReady(
  dataDir: string,
  began: number,
  exitCode: () => number | null,
): Promise<ConnectionFile> {
  while (performance.now() - began < GIVE_UP_MS) {
    const text = await readFile(join(dataDir, 'connection.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as ConnectionFile;
    if (exitCode() !== null)
      throw new Error(`\`writ up\` ended with ${exitCode()} before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('`writ up` was not ready in 60 s');
}

/** A deny is a decision too: nobody is registered yet. */
async function firstDecision({ httpUrl, adminKey }: ConnectionFile): Promise<void> {
  const reply = await fetch(`${httpUrl}/access/v1/evaluation`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      subject: { type: 'agent', id: 'nobody' },
      action: { name: 'look' },
      resource: { type: 'dataset', id: 'any' },
    }),
  });
  const { decision } = (await reply.json()) as { decision?: boolean };
  if (decision !== false) throw new Error(`the first decision was answered with ${reply.status}`);
}

async function startBareServers(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'writ-boot-'));
  const secrets = generateSecrets();
  const began = performance.now();
  const [nats, postgres] = await Promise.all([
    startNats({ dataDir, configText: (place) => natsServerConfig(secrets, place) }),
    startPostgres({ dataDir }),
  ]);
  const elapsedMs = performance.now() - began;
  await Promise.all([nats.stop(), postgres.stop()]);
  await rm(dataDir, { recursive: true, force: true });
  return elapsedMs;
}
