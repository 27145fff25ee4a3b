/** Taking the oldest segment off the broker, and putting it back from its archive. As the operator. */
import { jetstreamManager, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { segmentNumber, segmentSubject } from '@writ/bus';
import { WritError } from '@writ/contracts';
import { patiently } from './patience.ts';
import { segmentsOf } from './roll.ts';
import { closedSegment, isRestoring, openSegment } from './segments.ts';
import type { Topology } from './topology.ts';

export type SegmentPlace = {
  readonly number: number;
  /** The `created` of its stream when it was archived. */
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
};

/** Deletes the stream of the oldest segment; throws `CONFIG_INVALID` for any other, and for one that is not sealed. */
export async function removeSegment(connection: NatsConnection, number: number): Promise<void> {
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const [oldest, next] = await patiently(() => segmentsOf(jsm));
  if (oldest === undefined || segmentNumber(oldest.config.name) !== number)
    throw new WritError(
      'CONFIG_INVALID',
      `only the oldest segment can be removed, which is \`${oldest?.config.name ?? 'none'}\``,
    );
  if (next === undefined || !oldest.config.sealed)
    throw new WritError(
      'CONFIG_INVALID',
      `segment \`${number}\` still takes events; close it with \`writ log roll\``,
    );
  await patiently(() => jsm.streams.delete(oldest.config.name));
}

/**
 * Makes the stream of a segment that was removed, or finds one that was begun; it is no part of the log until
 * `endRestore`. Returns the token of the ingest prefix that it alone listens to.
 */
export async function beginRestore(
  connection: NatsConnection,
  topology: Topology,
  place: SegmentPlace,
): Promise<string> {
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const name = `EVENTS-${place.number}`;
  const { ingest, source } = restoreSubject(topology, place.number);
  const present = await patiently(() => allStreams(jsm));
  const found = present.get(name);
  if (found !== undefined && !isRestoring({ ...found.config }))
    throw new WritError('CONFIG_INVALID', `segment \`${place.number}\` is on the broker already`);
  const [oldest] = await patiently(() => segmentsOf(jsm));
  if (oldest !== undefined && (oldest.config.first_seq ?? 1) !== place.lastSeq + 1)
    throw new WritError(
      'CONFIG_INVALID',
      `the log begins at ${oldest.config.first_seq ?? 1}, segment \`${place.number}\` ends at ${place.lastSeq}; restore the segments in between first`,
    );
  if (found !== undefined) return ingest;
  const { republish: _, ...declared } = openSegment(topology, place.number);
  await patiently(() =>
    jsm.streams.add({
      ...declared,
      subjects: [source],
      subject_transform: { src: source, dest: declared.subject_transform?.dest ?? '' },
      first_seq: place.firstSeq,
      max_bytes: -1,
      metadata: { 'writ.restoring': 'true', 'writ.created': place.created },
    }),
  );
  return ingest;
}

/** Makes the restored stream the segment of the log that it was. */
export async function endRestore(
  connection: NatsConnection,
  topology: Topology,
  place: SegmentPlace,
): Promise<void> {
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const { config, state } = await patiently(() => jsm.streams.info(`EVENTS-${place.number}`));
  if (state.last_seq !== place.lastSeq)
    throw new WritError(
      'LOG_UNAVAILABLE',
      `\`${config.name}\` ends at ${state.last_seq} instead of ${place.lastSeq}; restore it again`,
    );
  const declared = closedSegment(topology, place.number, -1);
  const { 'writ.restoring': _, ...metadata } = config.metadata ?? {};
  await patiently(() =>
    jsm.streams.update(config.name, {
      ...config,
      ...declared,
      subjects: [...declared.subjects],
      metadata: { ...metadata, 'writ.last-seq': String(place.lastSeq) },
    }),
  );
  await patiently(async () => {
    const now = await jsm.streams.info(config.name);
    const sealed = { ...now.config, sealed: true };
    await jsm.streams.update(config.name, sealed);
  });
}

function restoreSubject(topology: Topology, number: number) {
  const own = openSegment(topology, 1).subjects[0]?.split('.')[1] ?? '';
  const ingest = `${own}-restore-${number}`;
  return { ingest, source: segmentSubject(ingest, 'writ.*.evt.>', number) };
}

async function allStreams(jsm: JetStreamManager): Promise<ReadonlyMap<string, StreamInfo>> {
  const streams = new Map<string, StreamInfo>();
  for await (const info of jsm.streams.list()) streams.set(info.config.name, info);
  return streams;
}
