/**
 * One client of the event stream: server-sent events (WHATWG HTML 9.2), id = sequence.
 *
 * 1. Every wanted event after the start is sent once, in order, however slow the client is: what the hub has
 *    forgotten meanwhile is read from the log.
 * 2. Nothing is written while the client has not taken what was written before; one that takes nothing is closed.
 * 3. The stream ends when its signal is aborted or the client leaves.
 */
import type { EventStore, StoredEvent } from '@writ/bus';
import { toEventView } from '@writ/contracts';
import type { Writable } from 'node:stream';
import { type EventFilter, matches, matchesSubject } from './filter.ts';
import type { EventHub } from './hub.ts';

export const HEARTBEAT_MS = 10_000;
const PATIENCE_MS = 30_000;
const AT_ONCE = 200;

export type StreamSource = {
  readonly hub: Pick<EventHub, 'lastSeq' | 'after' | 'passed'>;
  readonly log: Pick<EventStore, 'read'>;
};

export type StreamPlan = {
  readonly filter: EventFilter;
  /** The sequence that the client has already. */
  readonly afterSeq: number;
  readonly signal: AbortSignal;
  readonly heartbeatMs?: number;
};

/** Writes events until the stream ends; resolves then. Throws only what reading the log throws. */
export async function pumpEvents(
  out: Writable,
  source: StreamSource,
  plan: StreamPlan,
): Promise<void> {
  const { filter, signal, heartbeatMs = HEARTBEAT_MS } = plan;
  let position = plan.afterSeq;
  if (!(await write(out, 'retry: 2000\n\n', signal))) return;
  while (!signal.aborted) {
    const seen = source.hub.lastSeq;
    const batch =
      source.hub.after(position, AT_ONCE) ??
      (await source.log.read({ fromSeq: position + 1, limit: AT_ONCE }));
    if (batch.length === 0) {
      // The log may have numbers without an event; they are passed, or the wait below would not wait.
      position = Math.max(position, seen);
      if (
        await source.hub.passed(
          position,
          AbortSignal.any([signal, AbortSignal.timeout(heartbeatMs)]),
        )
      )
        continue;
      if (signal.aborted || !(await write(out, `: alive\nid: ${position}\n\n`, signal))) return;
      continue;
    }
    const text = batch
      .filter((event) => wanted(filter, event))
      .map(frame)
      .join('');
    position = batch.at(-1)?.seq ?? position;
    if (text !== '' && !(await write(out, text, signal))) return;
  }
}

function wanted(filter: EventFilter, event: StoredEvent): boolean {
  return matchesSubject(filter, event) && matches(filter, event);
}

function frame(event: StoredEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(toEventView(event))}\n\n`;
}

/** Writes and waits until it was taken; false when the stream has ended or the client does not take it. */
async function write(out: Writable, text: string, signal: AbortSignal): Promise<boolean> {
  if (out.destroyed || signal.aborted) return false;
  if (out.write(text)) return true;
  return new Promise((resolve) => {
    const patience = setTimeout(() => settle(false), PATIENCE_MS);
    const settle = (taken: boolean) => {
      clearTimeout(patience);
      out.off('drain', drained).off('close', gone);
      signal.removeEventListener('abort', gone);
      resolve(taken);
    };
    const drained = () => settle(true);
    const gone = () => settle(false);
    out.on('drain', drained).on('close', gone);
    signal.addEventListener('abort', gone, { once: true });
  });
}
