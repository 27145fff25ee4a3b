/** The log read back in its order, page by page. */
import { type EventName, eventView, subjects, WritError } from '@writ/contracts';
import type { Freshness } from './freshness.ts';
import type { Link } from './link.ts';
import { type EventFilter, matches } from './live-events.ts';
import { type LoggedEvent, readShownEvent } from './logged-event.ts';
import type { CallOptions } from './options.ts';

const PAGE = 200;

/** Which part of the log to read; all that the key may see when left out. */
export type HistoryQuery<N extends EventName = EventName> = EventFilter<N> & {
  /** The first and the last sequence wanted, both included. */
  readonly from?: number;
  readonly to?: number;
  /** From this time on, and before that time. */
  readonly since?: Date;
  readonly until?: Date;
  /** A token of another client's reply: read a log at least that fresh. */
  readonly atLeast?: string;
};

export async function* readHistory<N extends EventName>(
  { link, freshness }: { readonly link: Link; readonly freshness: Freshness },
  query: HistoryQuery<N>,
  options: CallOptions,
): AsyncGenerator<LoggedEvent<N>, void, undefined> {
  let cursor: string | null = null;
  do {
    const page = pageIn(
      await link.call({
        subject: subjects.ask(link.tenant, link.keyId, 'events'),
        asked: 'the question for events',
        body: { ...bodyOf(query, freshness), ...(cursor === null ? {} : { cursor }) },
        options,
      }),
    );
    for (const event of page.events) if (matches(event, query)) yield event as LoggedEvent<N>;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function bodyOf(
  { agentId, types, correlationId, from, to, since, until, atLeast }: HistoryQuery,
  freshness: Freshness,
): object {
  const fresh = atLeast ?? freshness.token;
  return {
    limit: PAGE,
    ...(agentId === undefined ? {} : { agentId }),
    ...(types?.length === 1 ? { type: types[0] } : {}),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(since === undefined ? {} : { since: since.toISOString() }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
    ...(fresh === undefined ? {} : { atLeast: fresh }),
  };
}

function pageIn(reply: unknown): {
  readonly events: readonly LoggedEvent[];
  readonly nextCursor: string | null;
} {
  const { items, nextCursor } =
    typeof reply === 'object' && reply !== null
      ? (reply as { items?: unknown; nextCursor?: unknown })
      : {};
  if (!Array.isArray(items))
    throw new WritError('INTERNAL', 'the answer does not have the shape of a page; update the SDK');
  const events = items.flatMap((item: unknown) => {
    const view = eventView.strip().safeParse(item);
    if (!view.success)
      throw new WritError('INTERNAL', 'an event does not have the shape of one; update the SDK', {
        cause: view.error,
      });
    return readShownEvent(view.data) ?? [];
  });
  return { events, nextCursor: typeof nextCursor === 'string' ? nextCursor : null };
}
