/** One holder per name at a time, in the order of asking; names that nobody holds cost nothing. */
export type KeyedLock = { run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> };

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();

  function runOne<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = tails.get(name);
    const mine = before === undefined ? work() : before.then(work);
    const leave = () => {
      if (tails.get(name) === tail) tails.delete(name);
    };
    const tail = mine.then(leave, leave);
    tails.set(name, tail);
    return mine;
  }

  return {
    run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
      const [only = '', ...others] = names;
      if (others.length === 0) return runOne(only, work);
      // Always taken in one order, so that two holders never wait for each other.
      const ordered = [...new Set(names)].sort();
      return ordered.reduceRight<() => Promise<T>>(
        (inner, name) => () => runOne(name, inner),
        work,
      )();
    },
  };
}
