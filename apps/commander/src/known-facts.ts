/**
 * Look-ups of known facts, gathered for one turn of the event loop and asked in one statement. What the read models
 * say counts only where they were made from this very log: they may have outlived one that was replaced.
 */
import { eventIdOf, LOG, type NatsConnection, streamAsChecked } from '@writ/bus';
import { toWritError, WritError } from '@writ/contracts';
import {
  checkPositions,
  type CheckedSource,
  type FactQuery,
  type KnownFact,
  knownFacts,
  type Store,
} from '@writ/readmodels';
import type { KnownFacts } from './facts.ts';

const MOST_AT_ONCE = 256;

type Waiting = {
  readonly query: FactQuery;
  readonly resolve: (answer: { fact: KnownFact | undefined; position: number }) => void;
  readonly reject: (error: unknown) => void;
};

export type ReadModels = {
  readonly known: KnownFacts;
  /** Throws `STORE_UNAVAILABLE`, also where they are of another log, or `LOG_UNAVAILABLE`. */
  check(): Promise<void>;
};

/** `log` is the log as it is now. */
export function openReadModels(store: Store, log: () => Promise<CheckedSource>): ReadModels {
  let waiting: Waiting[] = [];
  let running = false;

  async function ask(queries: readonly FactQuery[]) {
    const known = await knownFacts(store, queries);
    if (known.positions.some(({ seq }) => seq > 0))
      await checkPositions(known.positions, [], await log()).catch((thrown: unknown) => {
        throw ofAnotherLog(toWritError(thrown));
      });
    return known;
  }

  async function askAll(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_AT_ONCE);
      waiting = waiting.slice(MOST_AT_ONCE);
      try {
        const { answers } = await ask(batch.map(({ query }) => query));
        for (const [i, { resolve }] of batch.entries())
          resolve(answers[i] ?? { fact: undefined, position: 0 });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return {
    known: (query) =>
      new Promise((resolve, reject) => {
        waiting.push({ query, resolve, reject });
        if (!running && waiting.length === 1) setImmediate(() => void askAll());
      }),
    async check() {
      await ask([]);
    },
  };
}

/** Until they are mended nobody can tell what is new; a client may try again, and a command of INBOX waits. */
function ofAnotherLog(error: WritError): WritError {
  if (error.code !== 'CHECKPOINT_MISMATCH') return error;
  const text = `the read models are of another log: ${error.message}`;
  return new WritError('STORE_UNAVAILABLE', text, { cause: error });
}

/** The log of a cell, for positions to be compared with. */
export async function checkedLog(connection: NatsConnection, cell: string): Promise<CheckedSource> {
  const log = await streamAsChecked(connection, { stream: LOG, idOf: eventIdOf });
  return { source: 'EVENTS', cell, ...log };
}
