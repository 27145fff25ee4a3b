/** The suspension that a critical event latches: only a person clears it, and each clearing is kept. */
import type { EventData } from '@writ/contracts';
import { type Decider, laterOf } from '../decider.ts';

export type SuspensionState = { readonly clearings: number; readonly timeMs: number };
export type SuspensionCommand = {
  readonly type: 'ClearSuspension';
  readonly clearing: EventData<'SuspensionCleared'>;
};

export const suspension: Decider<SuspensionState, SuspensionCommand, 'SuspensionCleared'> = {
  initial: () => ({ clearings: 0, timeMs: 0 }),
  decide: (_state, command) => [{ type: 'SuspensionCleared', data: command.clearing }],
  evolve: (state, event) => ({
    clearings: state.clearings + 1,
    timeMs: laterOf(state.timeMs, event.timeMs),
  }),
};
