/** What every role looks like to the process that runs it. */
import type { RoleReport } from '@writ/contracts';

/** A structured log; the composition brings the real one. */
export type Logger = {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
};

/** A role that was started. */
export type RunningRole = {
  readonly name: string;
  /** Whether it does its work now, and what keeps it from it. */
  ready(): { readonly ok: boolean; readonly detail?: string };
  /** What else it tells the other roles of itself. */
  state?(): Partial<Pick<RoleReport, 'lanes' | 'snapshots'>>;
  /** Finishes what is in flight and leaves. */
  stop(): Promise<void>;
};
