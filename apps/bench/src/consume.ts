/** The log read to its end and not looked at: a floor of everything that reads it. */
import { followStream, LOG } from '@writ/bus';
import type { Stage } from './stage.ts';

/** As a rebuild asks for. */
const MAX_BATCH = 2000;

/** Reads the whole log and looks at nothing; milliseconds it took. */
export async function consume(stage: Stage, lastSeq: number): Promise<number> {
  const connection = await stage.connect('operator');
  const began = performance.now();
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const follower = followStream({
    connection,
    stream: LOG,
    fromSeq: 1,
    maxBatch: MAX_BATCH,
    onMessages: (_, at) => {
      if (at.lastSeq >= lastSeq) resolve();
    },
  });
  await Promise.race([reached, follower.done]);
  const elapsedMs = performance.now() - began;
  await follower.stop();
  return elapsedMs;
}
