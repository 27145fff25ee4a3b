/** The trust that a decision about an agent sees, from 0 to 1000. */
import { expectThat } from './expectation.ts';
import type { Part } from './cast.ts';
import type { Fleet } from './fleet.ts';

export async function trustOf({ operator }: Fleet, { agentId, action }: Part): Promise<number> {
  const { context } = await operator.checkPermission(agentId, action, 'dataset:bike-counts');
  expectThat(
    context.trust !== null,
    `\`${agentId}\` is registered, but decisions do not see its trust`,
  );
  return context.trust;
}
