/** How far a long measurement is; silent where nobody watches. */
export type Progress = {
  say(text: string): void;
  /** `share` from 0 to 1. */
  step(what: string, share: number): void;
};
