/** Which keys were written already: never wrong about one that was, hardly ever about one that was not. */

export type SeenKeys = {
  /** Adds a key; false only when it was never added before. */
  add(key: string): boolean;
  /** False only for a key that was never added. */
  mayHave(key: string): boolean;
};

const BITS_PER_KEY = 64;
/** As many bits as a line of the processor's cache has, so that a key is looked for in two places of memory and not in six. */
const BLOCK_BITS_LOG2 = 9;
const BLOCK_WORDS = 2 ** BLOCK_BITS_LOG2 / 32;
const PROBES_PER_BLOCK = 3;
const LEAST_BITS_LOG2 = 16;
/** 128 MiB; beyond some 16 million keys it asks Postgres more often for nothing. */
const MOST_BITS_LOG2 = 30;

/**
 * A Bloom filter for about so many keys, in blocks (Putze, Sanders, Singler, Cache-, Hash- and Space-Efficient Bloom
 * Filters, 2009): one in a million is taken for one that was added.
 */
export function seenKeys(expected: number): SeenKeys {
  const wanted = Math.ceil(Math.log2(Math.max(1, expected * BITS_PER_KEY)));
  const bits = 2 ** Math.min(MOST_BITS_LOG2, Math.max(LEAST_BITS_LOG2, wanted));
  const words = new Uint32Array(bits / 32);
  const blockMask = bits / 2 ** BLOCK_BITS_LOG2 - 1;
  let empty = true;
  /** Whether the bits that `probes` names in a block are all set; sets them when it is told to. */
  const visit = (hash: number, probes: number, set: boolean): boolean => {
    const from = (hash & blockMask) * BLOCK_WORDS;
    let had = true;
    for (let i = 0, left = probes; i < PROBES_PER_BLOCK; i++, left >>>= BLOCK_BITS_LOG2) {
      const at = from + ((left >>> 5) & (BLOCK_WORDS - 1));
      const bit = 1 << (left & 31);
      const word = words[at] ?? 0;
      if ((word & bit) !== 0) continue;
      if (!set) return false;
      words[at] = word | bit;
      had = false;
    }
    return had;
  };
  return {
    add(key) {
      const [a, b] = hashesOf(key);
      const first = visit(a, mixed(a ^ SALT), true);
      const second = visit(b, mixed(b ^ SALT), true);
      empty = false;
      return first && second;
    },
    mayHave(key) {
      if (empty) return false;
      const [a, b] = hashesOf(key);
      return visit(a, mixed(a ^ SALT), false) && visit(b, mixed(b ^ SALT), false);
    },
  };
}

const SALT = 0x9e3779b9;

/** Two hashes by FNV-1a with different beginnings, mixed at the end as MurmurHash3 does it. */
function hashesOf(key: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
  }
  return [mixed(a), mixed(b)];
}

function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
