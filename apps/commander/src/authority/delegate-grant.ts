/** Handing a grant on: the recipient gets a grant of its own that names the one it comes from. */
import { subjects } from '@writ/contracts';
import {
  authority,
  type AuthorityState,
  type Grant,
  type GrantTerms,
  inherited,
  type Lineage,
  MOST_ANCESTORS,
  speaksFor,
} from '@writ/domain';
import { type View, viewOf } from '../aggregates.ts';
import type { Desk, Handler } from '../desk.ts';
import { thingIdOf } from '../order.ts';
import { requireSpeaker } from '../rights.ts';
import { authorityPart } from './agent-authority.ts';
import { endGrantsOfRetired } from './grants-of-retired.ts';
import { inUtc, unknownGrant } from './handlers.ts';

type Handing = Parameters<Handler<'authority.delegate-grant'>>[1];

export const delegateGrant: Handler<'authority.delegate-grant'> = async (desk, order) => {
  const { tenant } = order.caller;
  const { grantId: parentId, toAgentId } = order.body;
  const holder = await holderOf(desk, order);
  const [lineage, from, to] = await Promise.all([
    lineageOf(desk, tenant, { grantId: parentId, agentId: holder }),
    desk.directory.standing(tenant, holder),
    desk.directory.standing(tenant, toAgentId),
  ]);
  const grantId = thingIdOf({ ...order, body: { ...order.body, agentId: toAgentId } });
  const outcome = await desk.aggregates.execute(order, {
    parts: [
      authorityPart({ tenant, agentId: toAgentId }, (timeMs) => {
        // Only now: a retry has met itself before, whatever became of the grant since.
        if (lineage === undefined) throw unknownGrant(parentId);
        const terms = termsOf(order, { grantId, parent: lineage[0] });
        return { type: 'DelegateGrant', terms, lineage, holder: from, standing: to, timeMs };
      }),
    ],
    result: () => ({
      grantId,
      agentId: toAgentId,
      parent: { grantId: parentId, agentId: holder },
    }),
  });
  await endGrantsOfRetired(desk, order, toAgentId);
  return outcome;
};

/** Whose the grant is; throws where that is not for the caller to know. */
async function holderOf(desk: Desk, { body, caller }: Handing): Promise<string> {
  if (body.agentId !== undefined) {
    requireSpeaker(caller, body.agentId);
    return body.agentId;
  }
  const holder = await desk.directory.agentOfGrant(caller.tenant, body.grantId);
  if (holder === undefined || !speaksFor(caller, holder)) throw unknownGrant(body.grantId);
  return holder;
}

/** The grant and everything it was handed on from, as the log has them now; `undefined` where it is not there. */
async function lineageOf(
  desk: Desk,
  tenant: string,
  first: { readonly grantId: string; readonly agentId: string },
): Promise<Lineage | undefined> {
  const found: Grant[] = [];
  let next: Grant['parent'] = first;
  while (next !== null && found.length <= MOST_ANCESTORS) {
    const held: View<AuthorityState> = viewOf(subjects.grants(tenant, next.agentId), authority);
    const { grants } = await desk.aggregates.read(held);
    const grant = grants.grants.get(next.grantId);
    if (grant === undefined) return undefined;
    found.push(grant);
    next = grant.parent;
  }
  const [nearest, ...others] = found;
  return nearest && [nearest, ...others];
}

function termsOf(
  { body, caller }: Handing,
  { grantId, parent }: { readonly grantId: string; readonly parent: Grant },
): GrantTerms {
  return inherited(parent, {
    grantId,
    agentId: body.toAgentId,
    actions: body.actions,
    resources: body.resources,
    notBefore: inUtc(body.notBefore),
    expiresAt: inUtc(body.expiresAt),
    conditions: body.conditions,
    delegable: body.delegable,
    parent: { grantId: parent.grantId, agentId: parent.agentId },
    reason: body.reason,
    issuedBy: caller.keyId,
  });
}
