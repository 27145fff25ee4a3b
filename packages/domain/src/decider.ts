/** The shape of every aggregate: what may happen (`decide`) and what has happened (`evolve`), both pure. */
import type { ErrorCode, ErrorDetail, EventMeta, EventName, WritEvent } from '@writ/contracts';

/** The part of a stored event that a fold reads. */
export type Folded<N extends EventName> = WritEvent<N> & Pick<EventMeta, 'timeMs'>;

export type Decider<State, Command, N extends EventName> = {
  readonly initial: () => State;
  /** The events a command leads to; none when it changes nothing; throws a `Refusal` when it makes no sense. */
  readonly decide: (state: State, command: Command) => readonly WritEvent<N>[];
  readonly evolve: (state: State, event: Folded<N>) => State;
};

/** A command that makes no sense in this state. Recognised by its `code`. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];

  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = []) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The one clock rule: time never runs backwards in a fold. Milliseconds. */
export function laterOf(stateMs: number, eventMs: number): number {
  return eventMs > stateMs ? eventMs : stateMs;
}

export function foldAll<State, N extends EventName>(
  decider: Pick<Decider<State, never, N>, 'initial' | 'evolve'>,
  events: readonly Folded<N>[],
): State {
  return events.reduce(decider.evolve, decider.initial());
}
