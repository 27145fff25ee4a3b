/** Uses of limited grants: reserved for a decision, and closed by the report of what came of it. */
import type { UseReport } from '@writ/domain';
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
  readonly directory: Pick<Desk['directory'], 'reached'> & {
    readonly uses: Pick<Desk['directory']['uses'], 'holdersOf'>;
  };
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
  const { agentId: usedBy, decisionId, outcome, costMicros, tokens } = order.body;
  if (decisionId === null) return;
  const use = { tenant: order.caller.tenant, decisionId, usedBy };
  const report = { decisionId, usedBy, outcome, costMicros, tokens };
  const close = () => closeAt(desk, order, { holders: desk.directory.uses.holdersOf(use), report });
  if (desk.directory.uses.holdersOf(use).length > 0) return close();
  const closing = desk.directory.reached(seq).then(close);
  if (outcome === 'cancelled') return closing;
  desk.afterwards.add(closing, `what decision \`${decisionId}\` reserved may not be closed`);
}

/** Closes what was reserved of the grants of some holders. */
export async function closeAt(
  { aggregates }: Pick<UsesDesk, 'aggregates'>,
  order: Order,
  { holders, report }: { readonly holders: readonly string[]; readonly report: UseReport },
): Promise<void> {
  const [first, ...others] = holders.map((agentId) =>
    authorityPart({ tenant: order.caller.tenant, agentId }, () => ({
      type: 'CloseUses',
      agentId,
      ...report,
    })),
  );
  if (first === undefined) return;
  const unkeyed = { ...order, idempotencyKey: null };
  await aggregates.execute(unkeyed, { parts: [first, ...others], result: () => ({}) });
}
