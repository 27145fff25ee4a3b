/** Uses of limited grants: reserved for a decision, and closed by the report of what came of it. */
import type { Desk, Handler } from '../desk.ts';
import type { Order } from '../order.ts';
import { requireSpeaker } from '../rights.ts';
import { authorityPart } from './agent-authority.ts';

/** All in one append: a grant that was handed on is used together with those it came from. */
export const reserveUse: Handler<'reserve-use'> = async (desk, order) => {
  const { agentId: usedBy, grants, ...request } = order.body;
  const { tenant } = order.caller;
  requireSpeaker(order.caller, usedBy);
  const [first, ...others] = [...Map.groupBy(grants, (grant) => grant.agentId)].map(
    ([holder, held]) =>
      authorityPart({ tenant, agentId: holder }, (timeMs) => ({
        type: 'ReserveUse',
        grantIds: held.map(({ grantId }) => grantId),
        timeMs,
        usedBy,
        ...request,
      })),
  );
  if (first === undefined) return { events: [], seq: 0, result: { claimed: true } };
  return desk.aggregates.execute(order, {
    parts: [first, ...others],
    result: () => ({ claimed: true }),
    refused: () => ({ claimed: false }),
  });
};

export type UsesDesk = {
  readonly afterwards: Pick<Desk['afterwards'], 'add'>;
  readonly aggregates: Pick<Desk['aggregates'], 'execute'>;
  readonly directory: Pick<Desk['directory'], 'holdersOfUse' | 'reached'>;
};

/**
 * Closes what the decision of a report reserved; a report that says nothing was done gives it back. Told again it
 * does nothing, so a report that was stored but not answered may be sent once more. `seq` is where the report is
 * stored: the reservation is before it in the log, so what is not known there was never reserved. Most decisions
 * reserve nothing, so replies do not wait for that; only a use that is given back is free again by then, or the report
 * fails with `STALE_STATE` and is sent once more.
 */
export async function closeUses(
  desk: UsesDesk,
  order: Order<'execution.report'>,
  seq: number,
): Promise<void> {
  const { agentId: usedBy, decisionId, outcome } = order.body;
  if (decisionId === null) return;
  const use = { tenant: order.caller.tenant, decisionId, usedBy };
  const known = desk.directory.holdersOfUse(use);
  if (known.length > 0) return closeAt(desk, order, known);
  const closing = desk.directory
    .reached(seq)
    .then(() => closeAt(desk, order, desk.directory.holdersOfUse(use)));
  if (outcome === 'cancelled') return closing;
  desk.afterwards.add(closing, `what decision \`${decisionId}\` reserved may not be closed`);
}

async function closeAt(
  desk: UsesDesk,
  order: Order<'execution.report'>,
  holders: readonly string[],
): Promise<void> {
  const { agentId: usedBy, decisionId, outcome, costMicros, tokens } = order.body;
  const { tenant } = order.caller;
  if (decisionId === null) return;
  const report = {
    decisionId,
    usedBy,
    outcome,
    costMicros: told(costMicros),
    tokens: told(tokens.input + tokens.output),
  };
  const [first, ...others] = holders.map((agentId) =>
    authorityPart({ tenant, agentId }, () => ({ type: 'CloseUses', agentId, ...report })),
  );
  if (first === undefined) return;
  const unkeyed = { ...order, idempotencyKey: null };
  await desk.aggregates.execute(unkeyed, { parts: [first, ...others], result: () => ({}) });
}

/** Reports that leave a number out say nothing: what was reserved stands then. */
function told(amount: number): number | null {
  return amount === 0 ? null : amount;
}
