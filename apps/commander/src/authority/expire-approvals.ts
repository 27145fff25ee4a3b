/**
 * Writes down that approvals are over. Nothing rests on it: their time is honoured without. Every commander does it,
 * and the log takes the first.
 */
import type { Aggregates } from '../aggregates.ts';
import { ownOrder } from '../order.ts';
import { takeTurns, type Turns } from '../turns.ts';
import { authorityPart } from './agent-authority.ts';
import type { ApprovalBook, OpenApproval } from './approval-book.ts';

const LOOK_MS = 1000;
/** So many at a time: commands go first. */
const AT_ONCE = 50;

export type ExpiryOptions = {
  readonly book: ApprovalBook;
  readonly aggregates: Pick<Aggregates, 'execute'>;
  /** Throws when nothing may be decided now. */
  readonly refuseDoubt: () => void;
  readonly nowMs: () => number;
  readonly onTrouble: (error: unknown) => void;
};

export function expireApprovals(options: ExpiryOptions): Turns {
  return takeTurns({
    everyMs: LOOK_MS,
    onTrouble: options.onTrouble,
    async turn(stopping) {
      const over = options.book.over(options.nowMs()).slice(0, AT_ONCE);
      if (over.length > 0) await expireAll(options, over, stopping);
    },
  });
}

/** One that fails is tried again at the next look, and keeps no other from its end. */
export async function expireAll(
  options: ExpiryOptions,
  over: readonly OpenApproval[],
  stopping: AbortSignal,
): Promise<void> {
  options.refuseDoubt();
  for (const approval of over) {
    if (stopping.aborted) return;
    try {
      await expire(options, approval);
      options.book.close(approval.tenant, approval.approvalId);
    } catch (error) {
      options.onTrouble(error);
    }
  }
}

async function expire(
  { aggregates, nowMs }: Pick<ExpiryOptions, 'aggregates' | 'nowMs'>,
  { tenant, agentId, approvalId }: OpenApproval,
): Promise<void> {
  const order = ownOrder({ tenant, verb: 'expire-approval', receivedMs: nowMs() });
  const part = authorityPart({ tenant, agentId }, (timeMs) => ({
    type: 'ExpireApproval',
    approvalId,
    agentId,
    timeMs,
  }));
  await aggregates.execute(order, { parts: [part], result: () => ({}) });
}
