import type { DecisionInputs } from '@writ/contracts';
import { type AccessQuestion, type Decision, gatherInputs, refuseAtGate } from '@writ/domain';
import type { Room } from './decide-question.ts';

/** An allow, and what it was decided from. */
export type Allow = { readonly inputs: DecisionInputs; readonly decision: Decision };

/**
 * Asks of an allow, when its claims are made, whether anything that was seen since it was decided stops the agent or
 * its key, changes the policies, or ends the grants it rests on. Limits are not read again: its own claims are in them.
 */
export function stillStands(
  { state, engine }: Pick<Room, 'state' | 'engine'>,
  about: AccessQuestion,
  { inputs, decision: { restsOn } }: Allow,
): () => boolean {
  const grants = restsOn === undefined ? inputs.grants.map(({ grantId }) => grantId) : [restsOn];
  return () => {
    if (state.world.seq === inputs.seq) return true;
    const { inputs: now } = gatherInputs(state.world, about, { nowMs: state.now(), engine });
    return (
      refuseAtGate(now) === undefined &&
      now.policies.digest === inputs.policies.digest &&
      now.grants.some(({ grantId }) => grants.includes(grantId))
    );
  };
}
