/** The log read back, page by page. */
import { WritError } from '@writ/contracts';
import type { LoggedEvent } from './logged-event.ts';
import type { Link } from './link.ts';
import type { CallOptions } from './options.ts';
import type { EventName } from '@writ/contracts';

export type HistoryQuery<N extends EventName = EventName> = { readonly agentId?: string; readonly types?: readonly N[] };
export async function* readHistory<N extends EventName>(_link: Link, _query: HistoryQuery<N>, _options: CallOptions): AsyncIterable<LoggedEvent<N>> {
  throw new WritError('INTERNAL', 'not there yet');
}
