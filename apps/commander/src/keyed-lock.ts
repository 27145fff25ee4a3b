/** One holder per name at a time, in the order of asking; names that nobody holds cost nothing. */
export type KeyedLock = { run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> };

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<unknown>>();

  function runOne<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = tails.get(name);
    const mine = before === undefined ? work() : before.then(work, work);
    const tail = mine.then(noResult, noResult);
    tails.set(name, tail);
    void tail.then(() => {
      if (tails.get(name) === tail) tails.delete(name);
    });
    return mine;
  }

  return {
    run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
      // Always taken in one order, so that two holders never wait for each other.
      const ordered = [...new Set(names)].sort();
      return ordered.reduceRight<() => Promise<T>>(
        (inner, name) => () => runOne(name, inner),
        work,
      )();
    },
  };
}

function noResult(): void {}
