/** A reader who looks again and again, and must never see less than before. */
import { setTimeout as wait } from 'node:timers/promises';

/** What was seen, by name: counts and sequences, of which none ever goes down. */
export type Seen = Readonly<Record<string, number>>;

export type SteadyReader = {
  /** How often it has looked. */
  readonly looks: number;
  /** Ends it; throws what it saw go down, or why it could not look. */
  stop(): Promise<void>;
};

/** Starts looking, with a pause between looks. */
export function startReader(look: () => Promise<Seen>, pauseMs: number): SteadyReader {
  let looks = 0;
  let stopped = false;
  const reading = (async () => {
    for (let before: Seen = {}; !stopped; looks++) {
      const seen = await look();
      refuseLess(before, seen);
      before = seen;
      await wait(pauseMs);
    }
  })();
  // It is told by `stop`.
  reading.catch(() => undefined);
  return {
    get looks() {
      return looks;
    },
    async stop() {
      stopped = true;
      await reading;
    },
  };
}

function refuseLess(before: Seen, seen: Seen): void {
  for (const [name, value] of Object.entries(before)) {
    const now = seen[name];
    if (now === undefined || now < value)
      throw new Error(`a reader saw \`${name}\` go from ${value} to ${now ?? 'nothing'}`);
  }
}
