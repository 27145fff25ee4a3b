/** Commands of the registry: an agent's registration, its stopping and its retirement. */
import { type CommandVerb, subjects } from '@writ/contracts';
import { type AgentCommand, type AgentState, agent } from '@writ/domain';
import { partOf } from '../aggregates.ts';
import { authorityPart } from '../authority/agent-authority.ts';
import { endGrantsOfRetired } from '../authority/grants-of-retired.ts';
import type { Desk, Handler } from '../desk.ts';
import type { Order, Outcome } from '../order.ts';
import { requireSpeaker } from '../rights.ts';

export const registerAgent: Handler<'registry.register-agent'> = (desk, order) => {
  requireSpeaker(order.caller, order.body.agentId);
  const registration = { ...order.body, keyId: order.caller.keyId };
  return change(desk, order, { type: 'RegisterAgent', registration });
};

export const suspendAgent: Handler<'registry.suspend-agent'> = (desk, order) =>
  change(desk, order, { type: 'SuspendAgent', ...order.body });

export const resumeAgent: Handler<'registry.resume-agent'> = (desk, order) =>
  change(desk, order, { type: 'ResumeAgent', ...order.body });

/** More than this many at once would not fit into one append. */
const REVOKED_AT_ONCE = 500;

/** The agent and its grants end together: both are in one atomic append. Of very many grants the oldest end before. */
export const retireAgent: Handler<'registry.retire-agent'> = async (desk, order) => {
  const { agentId, reason } = order.body;
  const { tenant, keyId } = order.caller;
  const revoke = (atMost?: number) =>
    authorityPart({ tenant, agentId }, () => ({
      type: 'RevokeAllGrants',
      agentId,
      reason,
      revokedBy: keyId,
      ...(atMost === undefined ? {} : { atMost }),
    }));
  const retire = agentPart(tenant, agentId, { type: 'RetireAgent', agentId, reason });
  const parts = [retire, revoke()] as const;
  // These use up no idempotency key: a retry goes on where this one ended, and ends nothing where it is done.
  const unkeyed = { ...order, idempotencyKey: null };
  while (
    (await desk.aggregates.read(parts[1])).grants.grants.active.length > REVOKED_AT_ONCE &&
    !(await desk.aggregates.met(order, parts))
  )
    await desk.aggregates.execute(unkeyed, {
      parts: [revoke(REVOKED_AT_ONCE)],
      result: () => ({}),
    });
  const outcome = await desk.aggregates.execute(order, {
    parts,
    result: (_events, state) => describe(agentId, state),
  });
  await endGrantsOfRetired(desk, order, agentId);
  return outcome;
};

function change(
  desk: Desk,
  order: Order<CommandVerb> & { body: { agentId: string } },
  command: AgentCommand,
): Promise<Outcome> {
  const { agentId } = order.body;
  return desk.aggregates.execute(order, {
    parts: [agentPart(order.caller.tenant, agentId, command)],
    result: (_events, state) => describe(agentId, state),
  });
}

function agentPart(tenant: string, agentId: string, command: AgentCommand) {
  const where = { subject: subjects.agent(tenant, agentId), aggregate: `agent/${agentId}` };
  return partOf(where, agent, () => command);
}

function describe(agentId: string, state: AgentState): Record<string, unknown> {
  if (state.status === 'unknown') return { agentId };
  return { agentId, status: state.status, version: state.current.version };
}
