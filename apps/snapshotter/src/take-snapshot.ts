/** Makes one snapshot of the world: the newest one there is, the events since, and what they come to is stored. */
import {
  connectAs,
  type EventStore,
  openEventStore,
  openSnapshots,
  type SavedSnapshot,
  type Secrets,
} from '@writ/bus';
import type { SnapshotCounts } from '@writ/contracts';
import {
  emptyWorld,
  foldEvent,
  type World,
  worldFold,
  worldFromLines,
  worldToLines,
} from '@writ/domain';

export type SnapshotTask = { readonly secrets: Secrets; readonly natsUrl: string };

export type SnapshotTaken = {
  /** `undefined` when somebody else makes one at the same time. */
  readonly saved: SavedSnapshot | undefined;
  /** How many events were folded for it. */
  readonly folded: number;
  /** Snapshots that were passed over, and why. */
  readonly ignored: readonly string[];
  readonly counts: SnapshotCounts;
};

/** Folds up to the end that the log has now and stores it; throws what reading or writing the log throws. */
export async function takeSnapshot({ secrets, natsUrl }: SnapshotTask): Promise<SnapshotTaken> {
  const connection = await connectAs(secrets, 'snapshotter-store', {
    servers: natsUrl,
    name: 'writ-snapshotter-work',
  });
  try {
    const { cell, ingest } = secrets;
    const store = openEventStore({ connection, cell, ingest });
    const ignored: string[] = [];
    const snapshots = openSnapshots({
      connection,
      ingest,
      store,
      fold: worldFold,
      onIgnored: (reason, detail) => ignored.push(`${reason}: ${detail}`),
    });
    const world = (await snapshots.restore(worldFromLines)) ?? emptyWorld();
    const from = world.seq;
    await foldTo(world, store, (await store.status()).lastSeq);
    const folded = world.seq - from;
    const saved = folded === 0 ? undefined : await snapshots.save(world.seq, worldToLines(world));
    return { saved, folded, ignored, counts: snapshots.counts };
  } finally {
    await connection.close();
  }
}

async function foldTo(world: World, store: EventStore, lastSeq: number): Promise<void> {
  if (world.seq >= lastSeq) return;
  const reached = Promise.withResolvers<void>();
  const follower = store.follow({
    fromSeq: world.seq + 1,
    maxBatch: 5000,
    onEvents(batch) {
      for (const event of batch) foldEvent(world, event);
      if (world.seq >= lastSeq) reached.resolve();
    },
  });
  try {
    await Promise.race([reached.promise, follower.done]);
  } finally {
    await follower.stop();
  }
}
