/** Everybody registers with a key of their own, and the stage is cleared of what an earlier run left. */
import { cast, roles } from '../cast.ts';
import type { Fleet } from '../fleet.ts';
import { openHouse } from './policy.ts';

export async function registration(fleet: Fleet): Promise<void> {
  const { operator, agents, printer } = fleet;
  await printer.chapter('Five agents register, each with its own API key');
  for (const role of roles) {
    const { agentId, name, type, capabilities } = cast[role];
    const { events, result } = await agents[role].registerAgent({
      agentId,
      name,
      type,
      version: '1.0.0',
      capabilities: [...capabilities],
    });
    if (result.status === 'suspended')
      await operator.resumeAgent(agentId, 'the demonstration begins');
    printer.done(
      `${agentId.padEnd(18)} key ${agents[role].keyId}${events.length === 0 ? ', known from an earlier run' : ''}`,
    );
  }
  await openHouse(fleet);
}
