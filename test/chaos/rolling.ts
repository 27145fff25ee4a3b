/** Rolling the log over again and again while members are killed, as an operator would who does not give up. */
import { setTimeout as wait } from 'node:timers/promises';
import { rollLog } from '@writ/streams';
import type { Stage } from './stage.ts';

export type Rolling = {
  /** How often the log was rolled over. */
  readonly rolls: number;
  /** Finishes what is under way: a roll that was broken off leaves a log that takes nothing. */
  stop(): Promise<void>;
};

const AGAIN_MS = 500;

export async function startRolling(
  stage: Stage,
  { everyMs, tell }: { readonly everyMs: number; readonly tell: (text: string) => void },
): Promise<Rolling> {
  const operator = await stage.connect('operator');
  const stopping = new AbortController();
  const pause = (ms: number) =>
    wait(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  let rolls = 0;
  const roll = async (): Promise<void> => {
    for (;;) {
      try {
        const { to, lastSeq } = await rollLog(operator, stage.topology);
        rolls++;
        return tell(`the log goes on in segment ${to} after ${lastSeq}`);
      } catch (error) {
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
      stopping.abort();
      await ended;
    },
  };
}
