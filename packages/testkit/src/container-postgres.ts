/** A Postgres in a container, by the command line of whichever container engine answers. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually } from './eventually.ts';

/** Runs a command line and gives what it prints; throws what it says when it fails. */
export type RunEngine = (program: string, args: readonly string[]) => Promise<string>;

export type ContainerPostgres = { readonly url: string; stop(): Promise<void> };

/** No container engine is there, or none answers. */
export class NoContainerEngine extends Error {
  override readonly name = 'NoContainerEngine';
}

const engines = ['docker', 'podman'] as const;
const IMAGE = 'docker.io/library/postgres:18-alpine';
/** The image may have to be fetched first. */
const TIMEOUT_MS = 300_000;

const runEngine: RunEngine = async (program, args) =>
  (await promisify(execFile)(program, args, { timeout: TIMEOUT_MS })).stdout;

/** Starts a Postgres without durability; throws `NoContainerEngine` with the reason where there is none to start it. */
export async function startContainerPostgres({
  image = IMAGE,
  run = runEngine,
}: {
  readonly image?: string;
  readonly run?: RunEngine;
} = {}): Promise<ContainerPostgres> {
  const engine = await engineThatAnswers(run);
  const password = randomBytes(16).toString('hex');
  const id = (await run(engine, runArguments(image, password))).trim();
  const stop = async () => void (await run(engine, ['stop', '--time', '1', id]));
  try {
    const address = (await run(engine, ['port', id, '5432/tcp'])).split('\n')[0]?.trim() ?? '';
    const url = `postgres://postgres:${password}@${address}/postgres`;
    await eventually(() => answers(url), { withinMs: 60_000, everyMs: 100 });
    return { url, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** It goes with its container, and is reached from this machine only. */
function runArguments(image: string, password: string): string[] {
  return [
    'run',
    '--detach',
    '--rm',
    '--publish=127.0.0.1::5432',
    `--env=POSTGRES_PASSWORD=${password}`,
    '--shm-size=256m',
    image,
    '-cfsync=off',
    '-cfull_page_writes=off',
    '-cmax_connections=300',
  ];
}

async function engineThatAnswers(run: RunEngine): Promise<string> {
  const reasons: string[] = [];
  for (const engine of engines)
    try {
      await run(engine, ['info']);
      return engine;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      reasons.push(`${engine}: ${said.trim().split('\n').at(-1) ?? ''}`);
    }
  throw new NoContainerEngine(`no container engine answers (${reasons.join('; ')})`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.end();
  return true;
}
