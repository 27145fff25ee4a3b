/**
 * Killing one member after the other.
 *
 * 1. Of each kind one is killed at a time: NATS nodes when the others have caught up, so that the majority stays; of a
 *    role when the other one is ready. A ruthless run kills whatever is up, all three NATS nodes at once if it comes so.
 * 2. Every member is killed once before any is killed again; the order comes from the seed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { ChaosOptions } from './chaos.ts';
import type { Member } from './member.ts';
import { seededRandom } from './random.ts';
import type { Kill } from './recovery.ts';

export type KillingOptions = Pick<
  ChaosOptions,
  'seconds' | 'seed' | 'killEveryMs' | 'ruthless' | 'signal' | 'tell'
> & { readonly members: readonly Member[]; readonly onFault: (said: string) => void };

/** Kills for as long as the run lasts, then waits until everybody is back. */
export async function killInTurn(options: KillingOptions): Promise<Kill[]> {
  const { members, seconds, killEveryMs, ruthless = false, signal } = options;
  const random = seededRandom(options.seed);
  const endMs = performance.now() + seconds * 1000;
  const kills: Kill[] = [];
  const comingBack: Promise<void>[] = [];
  let turn: Member[] = [];
  while (performance.now() < endMs && signal?.aborted !== true) {
    await pause(killEveryMs * (0.5 + random.next()), signal);
    if (turn.length === 0) turn = random.shuffled(members);
    const victim = turn.find((member) => member.up && (ruthless || twinsAreUp(member, members)));
    if (victim === undefined) continue;
    turn = turn.filter((member) => member !== victim);
    const kill: Kill = { victim: victim.name, atMs: performance.now(), backMs: null };
    kills.push(kill);
    await victim.kill();
    options.tell(`killed ${victim.name}`);
    comingBack.push(bringBack(victim, kill, options));
  }
  await Promise.all(comingBack);
  return kills;
}

async function bringBack(
  victim: Member,
  kill: Kill,
  { tell, onFault }: KillingOptions,
): Promise<void> {
  try {
    await victim.restart();
    kill.backMs = Math.round(performance.now() - kill.atMs);
    tell(`${victim.name} is back after ${kill.backMs} ms`);
  } catch (error) {
    onFault(`${victim.name} did not come back: ${String(error)}`);
  }
}

function twinsAreUp({ kind }: Member, members: readonly Member[]): boolean {
  return members.every((other) => other.kind !== kind || other.up);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}
