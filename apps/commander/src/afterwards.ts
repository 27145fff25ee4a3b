/** What goes on after its command was answered, which nobody waits for but a commander that stops. */
export type Afterwards = {
  /** Tells of a failure, with what it means; it is nobody's reply any more. */
  add(work: Promise<void>, ifItFails: string): void;
  /** Resolves when all of it is over. */
  over(): Promise<void>;
};

export function createAfterwards(onTrouble: (error: unknown, what: string) => void): Afterwards {
  const going = new Set<Promise<void>>();
  return {
    add(work, ifItFails) {
      const told = work
        .catch((error: unknown) => onTrouble(error, ifItFails))
        .finally(() => going.delete(told));
      going.add(told);
    },
    async over() {
      while (going.size > 0) await Promise.all(going);
    },
  };
}
