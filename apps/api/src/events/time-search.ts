/** Finds a moment in the log by halving: times of events rise with their sequence but for the clocks of several writers. */
import type { EventStore } from '@writ/bus';

/** Two writers' clocks differ by less than a second, or they stop. */
const SLACK_MS = 1000;

/** A sequence before which nothing is as late as `timeMs`; what follows it is compared one by one. */
export async function firstSequenceSince(
  log: Pick<EventStore, 'read'>,
  timeMs: number,
  { firstSeq, lastSeq }: { readonly firstSeq: number; readonly lastSeq: number },
): Promise<number> {
  const wanted = timeMs - SLACK_MS;
  let low = Math.max(1, firstSeq);
  let high = lastSeq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.read({ fromSeq: middle, limit: 1 });
    if (event === undefined || event.timeMs >= wanted) high = middle;
    else low = event.seq + 1;
  }
  return low;
}
