/** Who can be given a grant, and who can hand one on. */
import { Refusal } from '../decider.ts';
import type { AgentStanding } from '../execution/facts.ts';

/** Throws where there is nobody who could be given anything. */
export function refuseNobody(standing: AgentStanding, agentId: string): void {
  if (standing !== 'unknown' && standing !== 'retired') return;
  throw new Refusal(
    standing === 'unknown' ? 'AGENT_UNKNOWN' : 'AGENT_RETIRED',
    `agent \`${agentId}\` is ${standing === 'unknown' ? 'not registered' : 'retired'}; register it first`,
    [{ path: 'agentId', message: 'must be a registered agent' }],
  );
}

/** Throws where the holder of a grant is suspended. */
export function refuseSuspended(holder: AgentStanding, agentId: string): void {
  if (holder === 'suspended')
    throw new Refusal(
      'AGENT_SUSPENDED',
      `agent \`${agentId}\` is suspended, so it can hand nothing on; resume it first`,
      [{ path: 'agentId', message: 'must be an agent that is not suspended' }],
    );
}

/** Throws where a grant would be handed on to its own holder. */
export function refuseSelf(holder: string, recipient: string): void {
  if (holder === recipient)
    throw new Refusal('BODY_INVALID', `grant is agent \`${holder}\`'s already; name another`, [
      { path: 'toAgentId', message: 'must be another agent than the one that hands on' },
    ]);
}
