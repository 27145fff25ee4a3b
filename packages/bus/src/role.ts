/** What every role is to the process that runs it. */

/** The part of a pino logger that roles use; the composition gives one whose secrets are redacted. */
export interface Logger {
  debug(context: object, message: string): void;
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
  error(context: object, message: string): void;
}

export type Readiness = { readonly ok: boolean; readonly detail?: string };

/** A role that was started and is at work. */
export type RunningRole = {
  readonly name: string;
  ready(): Readiness;
  /** Finishes what is in hand, then closes; at most 30 seconds. */
  stop(): Promise<void>;
};
