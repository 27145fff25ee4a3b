/** The courtesy between projectors: one works, the others stand by. Fencing is the positions' business, not this lock's. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Store } from '@writ/readmodels';

export type Lock = {
  /** Rejects when the connection that holds the lock is lost. */
  readonly lost: Promise<never>;
  release(): Promise<void>;
};

const ASK_AGAIN_MS = 250;

/** Waits for a lock of the database; `undefined` when the wait was called off. */
export async function holdLock(
  store: Store,
  name: string,
  { signal, onStandby }: { readonly signal: AbortSignal; readonly onStandby: () => void },
): Promise<Lock | undefined> {
  const client = await store.pool.connect();
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // Nobody may be listening any more when the connection goes.
  lost.catch(() => undefined);
  const onError = (error: Error): void => reject(error);
  client.on('error', onError);
  const giveBack = (error?: Error | boolean): void => {
    client.removeListener('error', onError);
    client.release(error);
  };
  try {
    while (!signal.aborted) {
      const { rows } = await client.query<{ held: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as held',
        [name],
      );
      if (rows[0]?.held === true) return { lost, release: () => unlock() };
      onStandby();
      await wait(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    giveBack();
    return undefined;
  } catch (error) {
    giveBack(true);
    throw error;
  }

  /** The connection is closed rather than handed on: whatever state it is in, the lock is gone with it. */
  async function unlock(): Promise<void> {
    await client
      .query('select pg_advisory_unlock(hashtextextended($1, 0))', [name])
      .catch(() => undefined);
    giveBack(true);
  }
}
