/** Rolling the log over again and again while members are killed, as an operator would who does not give up. */
import { setTimeout as wait } from 'node:timers/promises';
import { rollLog } from '@writ/streams';
import type { Stage } from './stage.ts';

export type Rolling = {
  /** How often the log was rolled over. */
  readonly rolls: number;
  /** Finishes what is under way, or tells that it can not be: a roll that was broken off leaves a log that takes nothing. */
  stop(): Promise<void>;
};

const AGAIN_MS = 500;
/** For so long a roll is tried after the last kill, when nothing is in its way any more. */
const PATIENCE_MS = 90_000;

export type RollingOptions = {
  readonly everyMs: number;
  readonly patienceMs?: number;
  readonly tell: (text: string) => void;
  readonly onFault: (said: string) => void;
};

export async function startRolling(
  stage: Pick<Stage, 'connect' | 'topology'>,
  { everyMs, patienceMs = PATIENCE_MS, tell, onFault }: RollingOptions,
): Promise<Rolling> {
  const operator = await stage.connect('operator');
  const stopping = new AbortController();
  const pause = (ms: number) =>
    wait(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  let rolls = 0;
  let giveUpMs = Number.POSITIVE_INFINITY;
  const roll = async (): Promise<void> => {
    for (;;) {
      try {
        const { to, lastSeq } = await rollLog(operator, stage.topology);
        rolls++;
        return tell(`the log goes on in segment ${to} after ${lastSeq}`);
      } catch (error) {
        if (performance.now() >= giveUpMs)
          return onFault(`the log could not be rolled over: ${String(error)}`);
        tell(`rolling over is tried again: ${String(error)}`);
        await wait(AGAIN_MS);
      }
    }
  };
  const ended = (async () => {
    while (!stopping.signal.aborted) {
      await pause(everyMs);
      if (!stopping.signal.aborted) await roll();
    }
  })();
  return {
    get rolls() {
      return rolls;
    },
    async stop() {
      giveUpMs = Math.min(giveUpMs, performance.now() + patienceMs);
      stopping.abort();
      await ended;
    },
  };
}
