/**
 * The courtesy between projectors: one works, the others stand by. Fencing is the positions' business, not this lock's.
 *
 * 1. Whoever holds the lock says so every second, on the connection that holds it.
 * 2. A holder that was silent for `SILENT_MS` (stopped, or cut off without its server noticing) loses its connections by
 *    the hand of who stands by: the lock is free then, and so are the rows of a transaction that it left open.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Store } from '@writ/readmodels';

export type Lock = {
  /** Rejects when the connection that holds the lock is lost. */
  readonly lost: Promise<never>;
  release(): void;
};

const ASK_AGAIN_MS = 250;
const SPEAK_EVERY_MS = 1000;
const SILENT_MS = 5000;

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
  let speaking: ReturnType<typeof setInterval> | undefined;
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
      if (rows[0]?.held === true) {
        speaking = setInterval(() => void client.query('select').catch(reject), SPEAK_EVERY_MS);
        return { lost, release: unlock };
      }
      onStandby();
      await client.query(END_SILENT, [name, SILENT_MS]);
      await wait(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    giveBack();
    return undefined;
  } catch (error) {
    giveBack(true);
    throw error;
  }

  /** The connection is closed rather than handed on: whatever state it is in, the lock is gone with it. */
  function unlock(): void {
    clearInterval(speaking);
    giveBack(true);
  }
}

/** Every connection of the process whose connection holds the lock and has said nothing for so long. */
const END_SILENT = `
  select pg_terminate_backend(other.pid)
  from pg_locks l
  join pg_stat_activity holder on holder.pid = l.pid
  join pg_stat_activity other on other.datid = holder.datid and other.application_name = holder.application_name
  where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)
    and holder.application_name <> current_setting('application_name')
    and holder.state_change < now() - $2 * interval '1 millisecond'`;
