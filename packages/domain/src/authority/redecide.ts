/** Deciding a recorded question again, from nothing but its record and the policies it names. */
import type { DecisionRecord } from '@writ/contracts';
import { type Decision, decideAccess, type Evaluate } from './decision.ts';

export type Redecision = {
  /** True when what is decided now is, byte for byte, what was recorded. */
  readonly same: boolean;
  readonly recorded: string;
  readonly now: string;
};

/** `evaluate` must hold the policies of `record.inputs.policies.digest`. */
export function redecide(record: DecisionRecord, evaluate: Evaluate): Redecision {
  const recorded = bytesOf(record);
  const now = bytesOf(decideAccess(record.inputs, evaluate));
  return { same: recorded === now, recorded, now };
}

/** What was decided, as it is written into the record. */
function bytesOf(decided: Decision | DecisionRecord): string {
  const { outcome, code, reasons, determining, wouldDeny, restsOn } = decided;
  return JSON.stringify({ outcome, code, reasons, determining, wouldDeny, restsOn });
}
