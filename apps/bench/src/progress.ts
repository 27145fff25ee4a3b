/** What a bench may be told. */
export type BenchOptions = {
  /** Events in the log, for the benches whose work grows with it; several for `growth`. */
  readonly events?: readonly number[] | undefined;
};

/** How far a long measurement is; silent where nobody watches. */
export type Progress = {
  say(text: string): void;
  /** `share` from 0 to 1. */
  step(what: string, share: number): void;
  /** So many of a known number of things are done. */
  count(what: string, done: number, total: number): void;
};
