/** Choices that are the same for the same seed. */

export type Random = {
  /** At least 0 and less than 1. */
  next(): number;
  /** A whole number less than the bound. */
  below(bound: number): number;
  shuffled<T>(items: readonly T[]): T[];
};

/** Mulberry32: small, and good enough to choose victims. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    shuffled: (items) => {
      const left = [...items];
      return items.flatMap(() => left.splice(below(left.length), 1));
    },
  };
}
