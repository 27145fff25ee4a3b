/** What goes between the governor's thread and the one that checks results. */
import type { ValidationRules } from '@writ/contracts';
import type { Asked, Verdict } from '@writ/validation';

export type CheckRequest = Asked & {
  readonly id: number;
  /** Names the rules; they come with the first request that needs them. */
  readonly rulesId: string;
  readonly rules: ValidationRules | undefined;
};
/** The first, without an id, says that the thread is there. */
export type CheckReply = {
  readonly id: number | undefined;
  readonly verdict: Verdict | undefined;
  readonly problem?: string;
};

export type CheckerData = {
  /** The module with the installation's own checks, as an address to import. */
  readonly checks: string | undefined;
};
