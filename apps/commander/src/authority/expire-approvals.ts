/**
 * Writes down that approvals are over. Nothing rests on it: their time is honoured without. Every commander does it,
 * and the log takes the first.
 */
import type { Aggregates } from '../aggregates.ts';
import { ownOrder } from '../order.ts';
import { authorityPart } from './agent-authority.ts';
import type { ApprovalBook, OpenApproval } from './approval-book.ts';

const LOOK_MS = 1000;
/** So many at a time: commands go first. */
const AT_ONCE = 50;

export type ExpiryOptions = {
  readonly book: ApprovalBook;
  readonly aggregates: Aggregates;
  /** Throws when nothing may be decided now. */
  readonly refuseDoubt: () => void;
  readonly nowMs: () => number;
  readonly onTrouble: (error: unknown) => void;
};

export function expireApprovals(options: ExpiryOptions): { readonly stop: () => Promise<void> } {
  let working: Promise<void> | undefined;
  const look = (): void => {
    if (working !== undefined) return;
    const over = options.book.over(options.nowMs()).slice(0, AT_ONCE);
    if (over.length === 0) return;
    working = expire(options, over)
      .catch(options.onTrouble)
      .finally(() => (working = undefined));
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    async stop() {
      clearInterval(timer);
      await working;
    },
  };
}

async function expire(
  { aggregates, refuseDoubt, nowMs }: ExpiryOptions,
  over: readonly OpenApproval[],
): Promise<void> {
  refuseDoubt();
  for (const { tenant, agentId, approvalId } of over) {
    const order = ownOrder({ tenant, verb: 'expire-approval', receivedMs: nowMs() });
    const part = authorityPart({ tenant, agentId }, (timeMs) => ({
      type: 'ExpireApproval',
      approvalId,
      agentId,
      timeMs,
    }));
    await aggregates.execute(order, { parts: [part], result: () => ({}) });
  }
}
