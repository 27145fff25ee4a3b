/** The streams of a cell read again from their start, for a comparison of the rows with a fresh fold. */
import { setTimeout as wait } from 'node:timers/promises';
import { WritError } from '@writ/contracts';
import {
  type NatsConnection,
  openStreamReader,
  type StoredMessage,
  type StreamReader,
} from '@writ/bus';
import {
  type Comparison,
  compareWithFreshFold,
  type Entry,
  type History,
  type Store,
} from '@writ/readmodels';
import {
  decisionsSource,
  entryOf,
  eventsSource,
  operationsSource,
  type Source,
} from './sources.ts';

const PAGE = 1000;
const PATIENCE_MS = 5000;

/** Compares every row of the read models with a fresh fold of the streams. Projecting may go on meanwhile. */
export async function compareReadModels(
  connection: NatsConnection,
  store: Store,
): Promise<Comparison[]> {
  const compared = [
    await compareWithFreshFold(store, historyOf(connection, eventsSource)),
    await compareWithFreshFold(store, historyOf(connection, operationsSource)),
  ];
  // Decisions age out of their stream; rows can be compared only as long as all of it is there.
  const { firstSeq } = await openStreamReader(connection, decisionsSource.stream).status();
  if (firstSeq <= 1)
    compared.push(await compareWithFreshFold(store, historyOf(connection, decisionsSource)));
  return compared.flat();
}

/** A source as it is stored, from its first message on. */
export function historyOf<Content>(
  connection: NatsConnection,
  source: Source<Content>,
): History<Content> {
  const reader = openStreamReader(connection, source.stream);
  return {
    source: source.name,
    projections: source.projections,
    entries: (throughSeq) => entriesOf(reader, source, { fromSeq: 1, throughSeq }),
  };
}

/** What a stream holds in a range, in order; the next page is on its way while one is worked on. */
export async function* entriesOf<Content>(
  reader: StreamReader,
  source: Source<Content>,
  { fromSeq, throughSeq }: { readonly fromSeq: number; readonly throughSeq: number },
): AsyncGenerator<readonly Entry<Content>[]> {
  const ask = (seq: number) => {
    const page = pageFrom(reader, seq);
    // It fails when it is awaited, if it is.
    page.catch(() => undefined);
    return page;
  };
  let page = fromSeq <= throughSeq ? ask(fromSeq) : undefined;
  for (let nextSeq = fromSeq; page !== undefined; ) {
    const messages = await page;
    const last = messages.at(-1);
    if (last) {
      nextSeq = last.seq + 1;
      page = nextSeq <= throughSeq ? ask(nextSeq) : undefined;
      yield messages
        .filter(({ seq }) => seq <= throughSeq)
        .map((message) => entryOf(source, message));
    } else if (source.filters !== undefined) return;
    else
      throw new WritError(
        'LOG_UNAVAILABLE',
        `\`${reader.stream}\` could not be read from ${nextSeq} to ${throughSeq}; try again`,
      );
  }
}

/** A page that has something: a replica that lags has it in a moment, and so has a broker that just came back. */
async function pageFrom(reader: StreamReader, fromSeq: number): Promise<readonly StoredMessage[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const late = performance.now() > deadline;
    try {
      const messages = await reader.page({ fromSeq, limit: PAGE });
      if (messages.length > 0 || late) return messages;
    } catch (error) {
      if (late) throw error;
    }
    await wait(50);
  }
}
