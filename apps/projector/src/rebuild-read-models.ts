/** Building read models again from the streams of a cell, while they are read and projected. */
import { WritError } from '@writ/contracts';
import type { NatsConnection } from '@writ/bus';
import {
  type Projection,
  type RebuildOptions,
  type RebuildProgress,
  rebuildProjections,
  type Store,
} from '@writ/readmodels';
import { checkedSource } from './checked-source.ts';
import { followedEntries } from './followed-entries.ts';
import { decisionsSource, eventsSource, operationsSource, type Source } from './sources.ts';

export type RebuildRoom = {
  /** The operator's. */
  readonly connection: NatsConnection;
  readonly store: Store;
  readonly cell: string;
};

export type RebuiltReadModels = {
  readonly source: string;
  readonly projections: readonly string[];
  /** Up to where the new rows were made when they took the place of the others. */
  readonly seq: number;
  readonly events: number;
};

type Wanted = Omit<RebuildOptions, 'onProgress'> & {
  readonly onProgress?: (source: string, progress: RebuildProgress) => void;
};

/** The names of every projection that can be rebuilt. */
export function projectionNames(): string[] {
  return [eventsSource, decisionsSource, operationsSource].flatMap((source) =>
    source.projections.map(({ name }) => name),
  );
}

/** Rebuilds the projections of these names, those of one stream together; throws `NOT_FOUND` for a name it does not know. */
export async function rebuildReadModels(
  room: RebuildRoom,
  names: readonly string[],
  options: Wanted = {},
): Promise<RebuiltReadModels[]> {
  const known = projectionNames();
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new WritError(
      'NOT_FOUND',
      `there is no projection \`${unknown}\`; there are ${known.join(', ')}`,
    );
  return [
    ...(await rebuildOf(room, { source: eventsSource, names }, options)),
    ...(await rebuildOf(room, { source: decisionsSource, names }, options)),
    ...(await rebuildOf(room, { source: operationsSource, names }, options)),
  ];
}

async function rebuildOf<Content>(
  { connection, store, cell }: RebuildRoom,
  { source, names }: { readonly source: Source<Content>; readonly names: readonly string[] },
  { onProgress, ...options }: Wanted,
): Promise<RebuiltReadModels[]> {
  const projections: readonly Projection<Content>[] = source.projections.filter(({ name }) =>
    names.includes(name),
  );
  if (projections.length === 0) return [];
  const status = () => checkedSource(connection, { cell, source });
  const rebuilt = await rebuildProjections(
    store.pool,
    {
      projections,
      source: {
        status,
        entries: (range) =>
          followedEntries(
            { connection, source },
            { ...range, ...(options.signal && { signal: options.signal }) },
          ),
      },
    },
    {
      ...options,
      ...(onProgress && { onProgress: (progress) => onProgress(source.name, progress) }),
    },
  );
  return [{ source: source.name, projections: projections.map(({ name }) => name), ...rebuilt }];
}
