/** Why an embedded server could not be started or stopped working. */
export type EmbeddedErrorCode =
  | 'BINARY_MISSING'
  | 'DATA_IN_USE'
  | 'DATA_UNREADABLE'
  | 'DISK_FULL'
  | 'PORT_TAKEN'
  | 'SERVER_FAILED';

/** The one error of this package: one code, one sentence that says what to do next. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
  readonly code: EmbeddedErrorCode;

  constructor(code: EmbeddedErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The `code` of a thrown system error (`EACCES`, `ENOENT`, …), if it has one. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** What a failed file operation under `path` means for whoever started us. */
export function fileProblem(path: string, thrown: unknown): EmbeddedError {
  if (thrown instanceof EmbeddedError) return thrown;
  const code = systemCode(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EmbeddedError(
      'DISK_FULL',
      `the disk that holds \`${path}\` is full; free some space and start again`,
      thrown,
    );
  }
  return new EmbeddedError(
    'DATA_UNREADABLE',
    `cannot read or write \`${path}\` (${code ?? String(thrown)}); give it to this user or choose another data directory`,
    thrown,
  );
}
