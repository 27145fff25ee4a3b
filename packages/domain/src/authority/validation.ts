/** The rules that results are held against: published as numbered versions, the newest of which holds. */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf } from '../decider.ts';

export type PublishedValidation = EventData<'ValidationPublished'>;

export type ValidationState = {
  readonly current: PublishedValidation | null;
  readonly timeMs: number;
};

export type ValidationCommand = {
  readonly type: 'PublishValidation';
  readonly rules: PublishedValidation['rules'];
  readonly note: string | null;
};

export const validation: Decider<ValidationState, ValidationCommand, 'ValidationPublished'> = {
  initial: () => ({ current: null, timeMs: 0 }),
  decide({ current }, { rules, note }): readonly WritEvent<'ValidationPublished'>[] {
    const version = String(Number(current?.version ?? 0) + 1);
    return [{ type: 'ValidationPublished', data: { version, rules, note } }];
  },
  evolve: (state, event: Folded<'ValidationPublished'>) => ({
    current: event.data,
    timeMs: laterOf(state.timeMs, event.timeMs),
  }),
};
