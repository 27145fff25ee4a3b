/**
 * Postgres refuses to run as root: root's embedded Postgres runs as this unprivileged account, which
 * must be able to pass every folder on the way to its programs and data.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

export type Account = { readonly uid: number; readonly gid: number };

/** The account to run Postgres as, or `undefined` for our own. */
export function postgresAccount(): Account | undefined {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
}

/** True when everybody may pass through every folder above `path` (which itself need not exist). */
export function everybodyCanReach(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
    if (mode === undefined || (mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
