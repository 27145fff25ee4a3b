/** A migrated store of a test file's own, and streams to feed it by hand. */
import { testDatabase } from '@writ/testkit';
import { migrate } from './migrate.ts';
import { type Claimed, claimPositions, type SourceIdentity } from './projection/positions.ts';
import {
  type Entry,
  kindOf,
  type ProjectedEvent,
  type Projection,
} from './projection/projection.ts';
import { openStore, type Store } from './store.ts';

export type TestStore = Store & { readonly url: string; drop(): Promise<void> };

export async function openTestStore(): Promise<TestStore> {
  const database = await testDatabase('readmodels', async (url) => {
    const store = openStore(url);
    await migrate(store).finally(() => store.close());
  });
  const store = openStore(database.url, { max: 4 });
  return {
    ...store,
    url: database.url,
    async drop() {
      await store.close();
      await database.drop();
    },
  };
}

export const testSource: SourceIdentity = {
  source: 'EVENTS',
  cell: 'c00000001',
  segment: 1,
  created: '2027-01-01T00:00:00.000000001Z',
};

export function entriesOf(events: readonly ProjectedEvent[]): Entry<ProjectedEvent>[] {
  return events.map((event) => ({
    seq: event.seq,
    kind: kindOf(event.subject),
    id: event.id,
    content: event,
  }));
}

export async function claimAll<Content>(
  store: Store,
  projections: readonly Projection<Content>[],
  from: SourceIdentity = testSource,
): Promise<Claimed<Content>[]> {
  const client = await store.pool.connect();
  try {
    const { claimed } = await claimPositions(client, projections, { ...from, retryPaused: true });
    return claimed;
  } finally {
    client.release();
  }
}

/** The whole of a list of entries as one batch. */
export function batchOf<Content>(entries: readonly Entry<Content>[]) {
  const last = entries.at(-1);
  return { entries, through: { seq: last?.seq ?? 0, id: last?.id ?? null } };
}

/** The entries as a stream that can be read again. */
export function historyOf(
  entries: readonly Entry<ProjectedEvent>[],
  projections: readonly Projection<ProjectedEvent>[],
) {
  return {
    source: 'EVENTS' as const,
    projections,
    async *entries(throughSeq: number) {
      yield entries.filter((entry) => entry.seq <= throughSeq);
    },
  };
}
