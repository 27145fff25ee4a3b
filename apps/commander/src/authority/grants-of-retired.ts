/**
 * An agent and its grants are on two subjects, and an append that changes only one of them does not guard the other: a
 * grant can be issued while its agent is retired. So both commands look afterwards at what the other wrote. Whichever
 * was stored second sees the first, and takes the grant back.
 */
import { subjects } from '@writ/contracts';
import { agent, authority, type AuthorityState } from '@writ/domain';
import { type Part, viewOf } from '../aggregates.ts';
import type { Desk } from '../desk.ts';
import type { Order } from '../order.ts';

/** Revokes what is active of an agent that is retired; does nothing for any other. */
export async function endGrantsOfRetired(desk: Desk, order: Order, agentId: string): Promise<void> {
  const { tenant, keyId } = order.caller;
  const standing = viewOf(subjects.agent(tenant, agentId), agent);
  const isRetired = async () => (await desk.aggregates.read(standing)).status === 'retired';
  if (!(await isRetired())) return;
  const held = viewOf(subjects.grants(tenant, agentId), authority);
  const { active } = (await desk.aggregates.read(held)).grants.grants;
  // Asked again: a grant that was issued after a new registration holds.
  if (active.length === 0 || !(await isRetired())) return;
  const reason = 'the agent is retired';
  const end: Part<AuthorityState> = {
    ...held,
    aggregate: `grants/${agentId}`,
    decide: (state) =>
      active.flatMap(({ grantId }) =>
        authority.decide(state, {
          type: 'RevokeGrant',
          grantId,
          agentId,
          reason,
          revokedBy: keyId,
        }),
      ),
  };
  // It uses up no idempotency key: a retry of the command ends what is left.
  const unkeyed = { ...order, idempotencyKey: null };
  await desk.aggregates.execute(unkeyed, { parts: [end], result: () => ({}) });
}
