/** Look-ups of known facts, gathered for one turn of the event loop and asked in one statement. */
import { knownFacts, type Store } from '@writ/readmodels';
import type { FactQuery, KnownFact } from './fact-tail.ts';
import type { KnownFacts } from './facts.ts';

const MOST_AT_ONCE = 256;

type Waiting = {
  readonly query: FactQuery;
  readonly resolve: (answer: { fact: KnownFact | undefined; position: number }) => void;
  readonly reject: (error: unknown) => void;
};

export function createKnownFacts(store: Store): KnownFacts {
  let waiting: Waiting[] = [];
  let running = false;

  async function askAll(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_AT_ONCE);
      waiting = waiting.slice(MOST_AT_ONCE);
      try {
        const { facts, position } = await knownFacts(
          store,
          batch.map(({ query }) => query),
        );
        for (const [i, { resolve }] of batch.entries()) resolve({ fact: facts[i], position });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return (query) =>
    new Promise((resolve, reject) => {
      waiting.push({ query, resolve, reject });
      if (!running && waiting.length === 1) setImmediate(() => void askAll());
    });
}
