/** given(events).when(command).then(events): compared strictly, in order, and folded again. */
import type { EventName, WritEvent } from '@writ/contracts';
import { expect } from 'vitest';
import type { Decider, Folded } from './decider.ts';

type Step<N extends EventName> = WritEvent<N>;

export function specify<State, Command, N extends EventName>(decider: Decider<State, Command, N>) {
  return {
    given(...past: readonly Step<N>[]) {
      const state = fold(decider, past);
      return {
        when: (command: Command) => ({
          then(...expected: readonly Step<N>[]): State {
            const events = decider.decide(state, command);
            expect(events).toStrictEqual(expected);
            const once = fold(decider, [...past, ...events]);
            expect(fold(decider, [...past, ...events])).toStrictEqual(once);
            return once;
          },
          thenThrows(code: string): void {
            expect(() => decider.decide(state, command)).toThrow(expect.objectContaining({ code }));
          },
        }),
      };
    },
  };
}

function fold<State, Command, N extends EventName>(
  decider: Decider<State, Command, N>,
  events: readonly Step<N>[],
): State {
  return events.reduce(
    (state, event, index) =>
      decider.evolve(state, { ...event, timeMs: 1_000 + index } as Folded<N>),
    decider.initial(),
  );
}
