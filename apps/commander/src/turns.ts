/** What a commander does of itself from time to time, never twice at once. */
export type Turns = {
  /** Begins no more, and resolves when the last one is over. */
  readonly stop: () => Promise<void>;
};

export function takeTurns(options: {
  readonly everyMs: number;
  readonly turn: (stopping: AbortSignal) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}): Turns {
  let working: Promise<void> | undefined;
  const stopping = new AbortController();
  const timer = setInterval(() => {
    working ??= options
      .turn(stopping.signal)
      .catch(options.onTrouble)
      .finally(() => (working = undefined));
  }, options.everyMs);
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await working;
    },
  };
}
