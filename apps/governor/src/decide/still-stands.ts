import type { DecisionInputs } from '@writ/contracts';
import { type AccessQuestion, type Decision, decideAccess, gatherInputs } from '@writ/domain';
import type { Room } from './decide-question.ts';

/** An allow, and what it was decided from. */
export type Allow = { readonly inputs: DecisionInputs; readonly decision: Decision };

/**
 * Asks of an allow, when its claims are made, whether it would be one on what was seen since, resting on the same
 * grant. Its limits and its approval are not read again: its own claims are in them.
 */
export function stillStands(
  { state, engine }: Pick<Room, 'state' | 'engine'>,
  about: AccessQuestion,
  { inputs, decision }: Allow,
): () => boolean {
  const { limits, approval, policies, schema } = inputs;
  return () => {
    if (state.world.seq === inputs.seq) return true;
    const gathered = gatherInputs(state.world, about, { nowMs: state.now(), engine });
    const { limits: _, ...now } = gathered.inputs;
    // The question was read for these: others may read more of it.
    if (now.policies.digest !== policies.digest || now.schema?.digest !== schema?.digest)
      return false;
    const again = decideAccess(
      { ...now, ...(limits && { limits }), ...(approval && { approval }) },
      state.policiesOf(about.tenant).evaluate,
    );
    return again.outcome === 'allow' && again.restsOn === decision.restsOn;
  };
}
