/** An archive that is not as it was written: which line, and what is wrong with it. */
export class ArchiveDamage extends Error {
  override readonly name = 'ArchiveDamage';
  readonly code = 'ARCHIVE_DAMAGED';
  readonly path: string;
  /** From 1; what stands before it is as it was written. */
  readonly line: number;
  readonly problem: string;

  constructor(
    at: { readonly path: string; readonly line: number },
    problem: string,
    cause?: unknown,
  ) {
    const message = `\`${at.path}\` is damaged at line ${at.line}: ${problem}`;
    super(message, cause === undefined ? undefined : { cause });
    this.path = at.path;
    this.line = at.line;
    this.problem = problem;
  }
}
