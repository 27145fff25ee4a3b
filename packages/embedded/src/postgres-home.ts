/**
 * Where the database files are: inside the data directory, or, when root's Postgres account cannot pass
 * through to there, in a folder of its own below /var/lib/writ that a pointer in the data directory names.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { everybodyCanReach, type Account } from './postgres-account.ts';

export const systemHome = '/var/lib/writ';

const pointerOf = (dataDir: string): string => join(dataDir, 'postgres.location');

/** The folder outside the data directory that holds its database, if there is one. */
export function readPostgresHome(dataDir: string): string | undefined {
  try {
    const home = readFileSync(pointerOf(dataDir), 'utf8').trim();
    return home.startsWith(`${systemHome}/`) && !home.includes('..') ? home : undefined;
  } catch {
    return undefined;
  }
}

/** Finds or makes the folder for the database files; it belongs to `account` and only that one sees inside. */
export function postgresHome(dataDir: string, account: Account | undefined): string {
  const elsewhere = readPostgresHome(dataDir);
  const inside = join(dataDir, 'postgres');
  if (account !== undefined) letThrough(dataDir);
  const home =
    elsewhere ?? (account === undefined || everybodyCanReach(inside) ? inside : newHome(dataDir));
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (account !== undefined) chownSync(home, account.uid, account.gid);
  return home;
}

/** What lies in a data directory is closed by itself, so others may pass through it when it is ours. */
function letThrough(dataDir: string): void {
  const { uid, mode } = statSync(dataDir);
  if (uid === process.getuid?.()) chmodSync(dataDir, (mode & 0o7777) | 0o001);
}

/** Makes the folder below which things for root's Postgres account are kept; everybody may pass through. */
export function makeSystemHome(): void {
  mkdirSync(systemHome, { recursive: true });
  chmodSync(systemHome, 0o755);
}

function newHome(dataDir: string): string {
  const home = join(systemHome, randomBytes(8).toString('hex'));
  makeSystemHome();
  // The pointer first: an empty folder that nothing points to would never be found again.
  writeFileSync(pointerOf(dataDir), `${home}\n`, { mode: 0o600 });
  return home;
}
