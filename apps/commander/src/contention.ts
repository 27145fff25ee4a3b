/** Trying again after a lost race: soon at first, then less often, so that busy writers let each other through. */
import { setTimeout as pause } from 'node:timers/promises';
import { WritError } from '@writ/contracts';

/** A writer whose queue is never empty wins every race; one that waits its turn gets it when that queue ends. */
const GIVE_UP_MS = 5000;
const LONGEST_PAUSE_MS = 40;

/** Runs `attempt` until it gives a result; throws `VERSION_CONFLICT` when none came in five seconds. */
export async function untilWon<T>(
  what: string,
  attempt: (tries: number) => Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + GIVE_UP_MS;
  for (let tries = 0; performance.now() < until; tries++) {
    if (tries > 2) await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** (tries - 2)));
    const result = await attempt(tries);
    if (result !== undefined) return result;
  }
  throw new WritError(
    'VERSION_CONFLICT',
    `others changed ${what} at the same time, again and again; send the command once more`,
  );
}
