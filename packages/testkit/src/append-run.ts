/** Storing a planned run of events: many at once, each aggregate's own in their order. */
import type { EventStore } from '@writ/bus';
import type { PlannedEvent } from './event-run/event-run.ts';

const AT_ONCE = 64;

/** Appends the run and returns the log's last sequence. Aggregates go side by side, so the log mixes them anew. */
export async function appendRun(
  store: EventStore,
  planned: readonly PlannedEvent[],
): Promise<number> {
  const lanes = new Map<string, PlannedEvent[]>();
  for (const item of planned) {
    const lane = lanes.get(item.subject) ?? [];
    lane.push(item);
    lanes.set(item.subject, lane);
  }
  const waiting = [...lanes.values()];
  let last = 0;
  const worker = async () => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift())
      last = Math.max(last, await appendInOrder(store, lane));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, lanes.size) }, worker));
  return last;
}

async function appendInOrder(store: EventStore, lane: readonly PlannedEvent[]): Promise<number> {
  const [first] = lane;
  let expectedLastSeq = first === undefined ? 0 : await store.lastSequence(first.subject);
  for (const { subject, event } of lane)
    expectedLastSeq = (await store.append([{ subject, expectedLastSeq, events: [event] }])).lastSeq;
  return expectedLastSeq;
}
