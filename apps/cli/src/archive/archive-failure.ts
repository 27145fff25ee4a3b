/** What keeps an archive from being read or used, as words and an exit code. */
import { ArchiveDamage } from '@writ/archive';
import { CliFailure, exitCodes } from '../failure.ts';

/** Runs `work`; a damaged or missing file ends it with 1 and says where. */
export async function readingArchive<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw toArchiveFailure(path, cause);
  }
}

function toArchiveFailure(path: string, cause: unknown): unknown {
  if (cause instanceof ArchiveDamage)
    return new CliFailure(exitCodes.no, cause.message, {
      code: cause.code,
      details: [{ path: `line ${cause.line}`, message: cause.problem }],
      cause,
    });
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES')
    return new CliFailure(
      exitCodes.usage,
      `\`${path}\` can not be read (${String(code)}); name a file that \`writ export\` made`,
      { cause },
    );
  return cause;
}

export function refused(message: string): CliFailure {
  return new CliFailure(exitCodes.no, message);
}

/** Throws when the user pressed Ctrl-C. */
export function goOnUnless(signal: AbortSignal): void {
  if (signal.aborted)
    throw new CliFailure(exitCodes.unreachable, 'it was called off before it was done', {
      code: 'CALLED_OFF',
    });
}
