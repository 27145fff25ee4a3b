/** The read models as the routes use them: fresh enough, and with the position that an answer stands for. */
import { decodeToken, type PositionView, toWritError, WritError } from '@writ/contracts';
import { listPositions, type Scope, type Store, waitForPosition } from '@writ/readmodels';
import { tokenAt } from './token.ts';
import { FRESHNESS_WAIT_MS } from './wait-for-log.ts';

/** The projections of the log, and those of other streams, whose positions are no sequences of the log. */
export type Model =
  | 'agents'
  | 'grants'
  | 'approvals'
  | 'policies'
  | 'kill-switches'
  | 'keys'
  | 'executions'
  | 'validations'
  | 'feedback'
  | 'trust';

export type Reading<T> = {
  /** What is read; the answer's token stands for the one furthest behind. */
  readonly models: readonly Model[];
  readonly tenant: string;
  readonly atLeast: string | undefined;
  readonly query: (store: Store, scope: Scope) => Promise<T>;
};

export type ReadSide = {
  /** Throws `STALE_STATE` when a token is not reached in time, `STORE_UNAVAILABLE` when Postgres is away. */
  read<T>(reading: Reading<T>): Promise<{ readonly value: T; readonly token: string | undefined }>;
  /** Every projection with its position; throws `STORE_UNAVAILABLE` when Postgres is away. */
  positions(): Promise<readonly PositionView[]>;
  close(): Promise<void>;
};

type Log = { readonly cell: string; readonly segment: number };

export function openReadSide(store: Store, log: Log, nowMs: () => number): ReadSide {
  return {
    async read({ models, tenant, atLeast, query }) {
      return await explained(async () => {
        if (atLeast !== undefined)
          await waitFor(store, { models, seq: decodeToken(atLeast, log.cell).seq });
        // Positions are read before the rows: what they stand for is in what is read next.
        const positions = models.length === 0 ? [] : await listPositions(store);
        const value = await query(store, { tenant, nowMs: nowMs() });
        return {
          value,
          token: models.length === 0 ? undefined : tokenAt(log, furthestBehind(positions, models)),
        };
      });
    },
    positions: () => explained(() => listPositions(store)),
    close: () => store.close(),
  };
}

async function waitFor(
  store: Store,
  { models, seq }: { models: readonly Model[]; seq: number },
): Promise<void> {
  if (models.length > 0)
    await waitForPosition(store, { projections: models, seq, timeoutMs: FRESHNESS_WAIT_MS });
}

function furthestBehind(positions: readonly PositionView[], models: readonly Model[]): number {
  const reached = new Map(positions.map(({ projection, seq }) => [projection, seq]));
  return Math.min(...models.map((model) => reached.get(model) ?? 0));
}

/** Tables that are not there are no fault of the request. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (codeOf(thrown) === UNDEFINED_TABLE)
      throw new WritError(
        'STORE_UNAVAILABLE',
        'the read models are not set up; run `writ db migrate`',
        { cause: thrown },
      );
    throw toWritError(thrown);
  }
}

const UNDEFINED_TABLE = '42P01';

function codeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown
    ? thrown.code
    : undefined;
}
