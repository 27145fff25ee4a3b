/** What a bench may be told. */
export type BenchOptions = {
  /** Events in the log, for the benches whose work grows with it. */
  readonly events?: number | undefined;
};

/** How far a long measurement is; silent where nobody watches. */
export type Progress = {
  say(text: string): void;
  /** `share` from 0 to 1. */
  step(what: string, share: number): void;
};
