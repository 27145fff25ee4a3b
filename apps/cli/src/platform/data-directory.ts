/** The data directory: marked as ours, never taken when it is somebody else's, emptied only when it is ours and idle. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DataDirectory, lockDataDirectory, removeDataDirectory } from '@writ/embedded';
import { CliFailure, exitCodes } from '../failure.ts';

const MARKER = 'writ-data.json';
const FORMAT = 1;

/** Takes the directory for this process, making it when it is missing; `fresh` deletes what it held. */
export async function takeDataDirectory(
  path: string,
  options: { readonly fresh: boolean },
): Promise<DataDirectory> {
  checkOwnership(path, options.fresh);
  let directory = await lockDataDirectory(path);
  if (options.fresh) {
    // Held once, so nobody uses it; what is deleted includes the lock itself.
    removeDataDirectory(path);
    directory = await lockDataDirectory(path);
  }
  writeFileSync(join(path, MARKER), `${JSON.stringify({ format: FORMAT })}\n`, { mode: 0o600 });
  return directory;
}

/** True when the directory bears our mark. */
export function isDataDirectory(path: string): boolean {
  return dirname(path) !== path && existsSync(join(path, MARKER));
}

function checkOwnership(path: string, fresh: boolean): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || isDataDirectory(path)) return;
  if (!found.isDirectory())
    throw new CliFailure(
      exitCodes.unreachable,
      `the data directory \`${path}\` is not a directory; choose another with --data`,
    );
  // A lock that was all a crashed start left is no reason to refuse.
  if (namesIn(path).every((name) => name === 'owners')) return;
  throw new CliFailure(
    exitCodes.unreachable,
    fresh
      ? `\`${path}\` holds files but not the mark of a Writ data directory, so --fresh does not delete it; choose another with --data`
      : `\`${path}\` holds files that are not of Writ; choose another directory with --data`,
  );
}

/** What cannot be listed is left to the lock, which says why it cannot be used. */
function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
