/** How a stream's projecting goes, and what its failures mean. */
import { type LaneStatus, toWritError, WritError } from '@writ/contracts';
import { isOutage } from '@writ/readmodels';

export type LaneState =
  | { readonly status: Exclude<LaneStatus, 'waiting' | 'halted'> }
  | { readonly status: 'waiting' | 'halted'; readonly reason: string };

export type LaneLag = {
  readonly projection: string;
  readonly seq: number;
  readonly behind: number;
  readonly paused: string | null;
};

export type Lane = {
  readonly source: string;
  readonly state: LaneState;
  /** How far each projection is behind the stream's end, as far as this lane knows. */
  lag(): readonly LaneLag[];
  stop(): Promise<void>;
};

/** The state that a failure leads to, and how the log should name it. */
export function afterFailure(error: unknown): {
  readonly status: 'waiting' | 'halted';
  readonly code: string;
  readonly reason: string;
} {
  const code = codeOf(error);
  const status = code === 'CHECKPOINT_MISMATCH' ? 'halted' : 'waiting';
  return { status, code, reason: reasonOf(code, error) };
}

function codeOf(error: unknown): string {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'INTERNAL';
}

const UNDEFINED_TABLE = '42P01';

function reasonOf(code: string, error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  if (code === UNDEFINED_TABLE) return 'the tables are not there; run `writ db migrate`';
  if (code === 'DEPOSED' || error instanceof WritError) return said;
  return isOutage(error)
    ? `the read models can not be reached: ${said}`
    : toWritError(error).message;
}
