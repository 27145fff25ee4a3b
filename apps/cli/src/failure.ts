/** Exit codes, and the one error that carries one. */
import { type ErrorDetail, isErrorCode } from '@writ/contracts';

export const exitCodes = {
  done: 0,
  /** The answer is no: denied, different, invalid, not found. */
  no: 1,
  usage: 2,
  /** Cannot reach it, or it is not ready. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a verb throws to end with a sentence and an exit code. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly details: readonly ErrorDetail[];

  constructor(
    exitCode: ExitCode,
    message: string,
    more: {
      readonly code?: string;
      readonly details?: readonly ErrorDetail[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.exitCode = exitCode;
    this.code = more.code ?? defaultCodes[exitCode];
    this.details = more.details ?? [];
  }
}

const defaultCodes: Record<ExitCode, string> = {
  0: 'DONE',
  1: 'REFUSED',
  2: 'USAGE',
  3: 'UNREACHABLE',
};

const unreachableCodes: readonly string[] = [
  'INTERNAL',
  'LOG_UNAVAILABLE',
  'LOG_FULL',
  'STORE_UNAVAILABLE',
  'BUS_UNAVAILABLE',
  'SERVICE_UNAVAILABLE',
  'STALE_STATE',
  'TIMEOUT',
  'OVERLOADED',
  'CLOCK_SKEW',
];

/** The exit code that an error code stands for; what the catalogue does not know kept us from working. */
export function exitCodeOf(code: string): ExitCode {
  if (code === 'CONFIG_INVALID') return exitCodes.usage;
  return isErrorCode(code) && !unreachableCodes.includes(code)
    ? exitCodes.no
    : exitCodes.unreachable;
}

/** Anything thrown as a failure with an exit code; what has no code of ours is a defect and says so. */
export function toFailure(thrown: unknown): CliFailure {
  if (thrown instanceof CliFailure) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  const details =
    'details' in error && Array.isArray(error.details) ? (error.details as ErrorDetail[]) : [];
  return new CliFailure(exitCodeOf(code), error.message, { code, details, cause: thrown });
}
