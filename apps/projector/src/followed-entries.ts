/** A range of a stream as it comes, decoded; the broker sends on while a batch is worked on. */
import { type Follower, followStream, type NatsConnection, type StoredMessage } from '@writ/bus';
import type { Entry } from '@writ/readmodels';
import { entryOf, type Source } from './sources.ts';

/** Batches that wait to be worked on; beyond, the stream is held back. */
const MOST_WAITING = 4;
const MAX_BATCH = 2000;

type Room<Content> = { readonly connection: NatsConnection; readonly source: Source<Content> };

/** What a stream holds from one sequence through another, in order. Outages of the broker are waited out. */
export async function* followedEntries<Content>(
  { connection, source }: Room<Content>,
  {
    fromSeq,
    throughSeq,
    signal,
  }: { readonly fromSeq: number; readonly throughSeq: number; readonly signal?: AbortSignal },
): AsyncGenerator<readonly Entry<Content>[]> {
  const waiting: (readonly StoredMessage[])[] = [];
  let taken = Promise.withResolvers<void>();
  let come = Promise.withResolvers<void>();
  let reached = fromSeq > throughSeq;
  if (reached) return;
  const arrive = (lastSeq: number): void => {
    reached ||= lastSeq >= throughSeq;
    come.resolve();
  };
  const follower: Follower = followStream({
    connection,
    stream: source.stream,
    fromSeq,
    maxBatch: MAX_BATCH,
    ...(source.filters === undefined ? {} : { filters: source.filters }),
    onMessages: async (messages, at) => {
      waiting.push(messages);
      arrive(at.lastSeq);
      while (waiting.length >= MOST_WAITING && !reached) await taken.promise;
    },
    onIdle: arrive,
  });
  const failed = follower.done.then(() => undefined);
  failed.catch(() => undefined);
  const aborted = new Promise<void>((resolve) =>
    signal?.addEventListener('abort', () => resolve(), { once: true }),
  );
  try {
    for (;;) {
      const messages = waiting.shift();
      if (messages === undefined) {
        if (reached || signal?.aborted === true) return;
        come = Promise.withResolvers();
        await Promise.race([come.promise, failed, aborted]);
        continue;
      }
      taken.resolve();
      taken = Promise.withResolvers();
      yield messages
        .filter(({ seq }) => seq <= throughSeq)
        .map((message) => entryOf(source, message));
    }
  } finally {
    reached = true;
    taken.resolve();
    await follower.stop();
  }
}
