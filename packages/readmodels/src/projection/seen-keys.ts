/** Which keys were written already: never wrong about one that was, hardly ever about one that was not. */

export type SeenKeys = {
  /** Adds a key; false only when it was never added before. */
  add(key: string): boolean;
  /** False only for a key that was never added. */
  mayHave(key: string): boolean;
};

const BITS_PER_KEY = 64;
const PROBES = 6;
const LEAST_BITS_LOG2 = 16;
/** 128 MiB; beyond some 16 million keys it asks Postgres more often for nothing. */
const MOST_BITS_LOG2 = 30;

/** A Bloom filter for about so many keys: one in a hundred million is taken for one that was added. */
export function seenKeys(expected: number): SeenKeys {
  const wanted = Math.ceil(Math.log2(Math.max(1, expected * BITS_PER_KEY)));
  const bits = 2 ** Math.min(MOST_BITS_LOG2, Math.max(LEAST_BITS_LOG2, wanted));
  const words = new Uint32Array(bits / 32);
  const mask = bits - 1;
  let empty = true;
  return {
    add(key) {
      const [start, step] = hashesOf(key);
      let had = true;
      for (let i = 0, at = start; i < PROBES; i++, at += step) {
        const index = (at & mask) >>> 5;
        const bit = 1 << (at & 31);
        const word = words[index] ?? 0;
        if ((word & bit) === 0) had = false;
        words[index] = word | bit;
      }
      empty = false;
      return had;
    },
    mayHave(key) {
      if (empty) return false;
      const [start, step] = hashesOf(key);
      for (let i = 0, at = start; i < PROBES; i++, at += step) {
        const bit = at & mask;
        if (((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      }
      return true;
    },
  };
}

/** Two hashes by FNV-1a with different beginnings, mixed at the end as MurmurHash3 does it; the second is odd. */
function hashesOf(key: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
  }
  return [mixed(a), mixed(b) | 1];
}

function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
