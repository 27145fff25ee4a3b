/**
 * One owner per data directory.
 *
 * 1. An owner writes its claim (a file named after its process) before it looks at the claims of others.
 * 2. Of two that start at the same moment at least one sees the other; whoever sees a living claim
 *    withdraws its own and refuses. So there are never two owners.
 * 3. A claim's name is never used again, so a dead owner's claim can be removed without a race.
 */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { EmbeddedError, fileProblem } from './embedded-error.ts';
import { isAlive, processIdentity } from './process-identity.ts';
import { readPostgresHome } from './postgres-home.ts';
import { reapServers } from './run-record.ts';

/** A data directory that this process owns until it releases it. */
export type DataDirectory = {
  readonly path: string;
  /** Names of the servers of a crashed owner that were ended on the way in. */
  readonly reaped: readonly string[];
  release(): void;
};

/**
 * Makes the directory if it is absent, claims it for this process and ends the servers a crashed owner
 * left behind. Throws `DATA_IN_USE` when another live process owns it, `DATA_UNREADABLE`, `DISK_FULL`.
 */
export async function lockDataDirectory(path: string): Promise<DataDirectory> {
  const directory = resolve(path);
  prepare(directory);
  const claims = join(directory, 'owners');
  const identity = processIdentity(process.pid) ?? String(process.pid);
  const mine = `${process.pid}-${identity.replaceAll(/[^A-Za-z0-9]/g, '-')}.json`;
  const release = (): void => rmSync(join(claims, mine), { force: true });
  try {
    mkdirSync(claims, { recursive: true, mode: 0o700 });
    if (readdirSync(claims).includes(mine)) throw inUse(directory, process.pid);
    writeFileSync(join(claims, mine), JSON.stringify({ pid: process.pid, identity }), {
      mode: 0o600,
    });
  } catch (thrown) {
    throw fileProblem(directory, thrown);
  }
  const owner = otherOwner(claims, mine);
  if (owner !== undefined) {
    release();
    throw inUse(directory, owner);
  }
  return { path: directory, reaped: await reapServers(directory), release };
}

/** Removes a data directory with everything kept for it elsewhere; the caller must own it or know it is unused. */
export function removeDataDirectory(path: string): void {
  const home = readPostgresHome(resolve(path));
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
  rmSync(resolve(path), { recursive: true, force: true });
}

function prepare(directory: string): void {
  try {
    // Root's Postgres runs as somebody else and has to pass through; the secrets inside are 0600.
    mkdirSync(directory, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    if (!statSync(directory).isDirectory()) throw new Error('not a directory');
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (thrown) {
    throw fileProblem(directory, thrown);
  }
}

function otherOwner(claims: string, mine: string): number | undefined {
  for (const name of readdirSync(claims)) {
    if (name === mine) continue;
    const claim = readClaim(join(claims, name));
    if (claim === undefined) continue;
    if (isAlive(claim)) return claim.pid;
    rmSync(join(claims, name), { force: true });
  }
  return undefined;
}

function readClaim(path: string): { pid: number; identity: string } | undefined {
  const pid = Number(/(\d+)-[^/]*$/.exec(path)?.[1]);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { pid: number; identity: string };
  } catch {
    // Somebody is writing it right now, or died doing so.
    const identity = processIdentity(pid);
    return identity === undefined ? undefined : { pid, identity };
  }
}

function inUse(directory: string, pid: number): EmbeddedError {
  return new EmbeddedError(
    'DATA_IN_USE',
    `the data directory \`${directory}\` is in use by process ${pid}; stop that one or choose another directory`,
  );
}
