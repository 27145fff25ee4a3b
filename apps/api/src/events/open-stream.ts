/** Opens the event stream of one client, and ends it when its key, its client or the API goes. */
import type { KeyRecord } from '@writ/bus';
import { toWritError, WritError } from '@writ/contracts';
import type { ApiDependencies } from '../dependencies.ts';
import type { StreamAnswer } from '../http/route.ts';
import { tokenAt } from '../reads/token.ts';
import { pumpEvents } from './event-stream.ts';
import type { EventFilter } from './filter.ts';

const MAX_STREAMS = 100;

/** The streams that are open; aborting one ends it. */
export type OpenStreams = Set<AbortController>;

type StreamRequest = {
  readonly caller: KeyRecord;
  readonly filter: EventFilter;
  readonly afterSeq: number;
};

/** Throws `OVERLOADED` when all places are taken. */
export function openStream(
  { caller, filter, afterSeq }: StreamRequest,
  dependencies: ApiDependencies,
): StreamAnswer {
  const { hub, events, metrics, streams } = dependencies;
  if (streams.size >= MAX_STREAMS)
    throw new WritError(
      'OVERLOADED',
      `${MAX_STREAMS} event streams are open already; close one, or read /v1/events`,
    );
  const ended = new AbortController();
  streams.add(ended);
  return {
    stream(response) {
      const forget = dependencies.onKeyRevoked((key) => {
        if (key.keyId === caller.keyId) ended.abort();
      });
      const expiry = expiryOf(caller, dependencies.nowMs(), () => ended.abort());
      response.once('close', () => ended.abort());
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
        'writ-token': tokenAt(events, hub.lastSeq),
      });
      metrics.streamOpened();
      pumpEvents(response, { hub, log: events }, { filter, afterSeq, signal: ended.signal })
        .catch((thrown: unknown) => dependencies.reportFault(toWritError(thrown), 'streamEvents'))
        .finally(() => {
          forget();
          clearTimeout(expiry);
          streams.delete(ended);
          metrics.streamClosed();
          response.end();
        });
    },
  };
}

/** The longest delay a timer takes; a key that ends later outlives the stream's client. */
const LONGEST_MS = 2 ** 31 - 1;

function expiryOf(
  { expiresAtMs }: KeyRecord,
  nowMs: number,
  end: () => void,
): NodeJS.Timeout | undefined {
  if (expiresAtMs === null || expiresAtMs - nowMs > LONGEST_MS) return undefined;
  return setTimeout(end, Math.max(0, expiresAtMs - nowMs));
}
