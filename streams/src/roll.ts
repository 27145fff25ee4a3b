/**
 * Rolling the log over: the last segment is closed, and the next one goes on with its numbers.
 *
 * Invariants:
 * 1. A number is given once: the next segment begins only when the one before it has settled everything that reached it.
 * 2. Whoever follows the closed segment hears of it: its consumers are deleted before the next one begins.
 * 3. A roll that was killed between two steps is finished by the next one. One that the broker refuses is taken back.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  jetstreamManager,
  JetStreamApiError,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/nats-core';
import { GRANTED_SEGMENTS, segmentNumber } from '@writ/bus';
import { WritError } from '@writ/contracts';
import { failure, mayPass, patiently } from './patience.ts';
import { closedSubject, isRestoring, openSegment, takesEvents } from './segments.ts';
import type { Topology } from './topology.ts';

export type Rolled = {
  /** The segment that was closed. */
  readonly from: number;
  /** The segment that takes events now. */
  readonly to: number;
  /** The last sequence of the closed one. */
  readonly lastSeq: number;
  /** For how long no event could be stored; `null` when an earlier roll had closed the segment. */
  readonly gapMs: number | null;
  /** The new segment has the bound that is declared; false when the servers have no room left to reserve for it. */
  readonly bounded: boolean;
};

type Room = {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly topology: Topology;
};

const SETTLE_MS = 30_000;

/** Begins the next segment, or finishes what an earlier roll began. Throws `CONFIG_INVALID`, `LOG_UNAVAILABLE` or `BUS_UNAVAILABLE`. */
export async function rollLog(connection: NatsConnection, topology: Topology): Promise<Rolled> {
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const room = { connection, jsm, topology };
  const segments = await patiently(() => segmentsOf(jsm));
  const head = segments.at(-1);
  if (head === undefined)
    throw new WritError('CONFIG_INVALID', 'there is no log; run `writ streams apply` first');
  const before = segments.at(-2);
  if (before !== undefined && !before.config.sealed && takesEvents({ ...head.config }))
    return await finish(room, before, head);
  return await roll(room, head);
}

/** The segments on the broker, oldest first. */
export async function segmentsOf(jsm: JetStreamManager): Promise<StreamInfo[]> {
  const found: StreamInfo[] = [];
  for await (const info of jsm.streams.list())
    if (segmentNumber(info.config.name) !== undefined && !isRestoring({ ...info.config }))
      found.push(info);
  return found.sort((a, b) => numberOf(a) - numberOf(b));
}

function numberOf(info: StreamInfo): number {
  return segmentNumber(info.config.name) ?? 0;
}

async function roll(room: Room, head: StreamInfo): Promise<Rolled> {
  const from = numberOf(head);
  const open = takesEvents({ ...head.config });
  if (from >= GRANTED_SEGMENTS)
    throw new WritError(
      'CONFIG_INVALID',
      `the log has \`${from}\` segments, and the roles may read no more; a release that grants more is needed`,
    );
  if (open && head.state.messages === 0)
    throw new WritError(
      'CONFIG_INVALID',
      `segment \`${from}\` of the log is empty; there is nothing to close`,
    );
  const closedAt = performance.now();
  if (open) await change(room, from, { subjects: [closedSubject(room.topology, from)] });
  const { lastSeq, bytes } = await settled(room, from);
  await change(room, from, {
    // What it had reserved beyond its events is free for the next one.
    max_bytes: bytes + SLACK_BYTES,
    metadata: { 'writ.last-seq': String(lastSeq) },
  });
  await deleteConsumers(room, from);
  await begin(room, { from, firstSeq: lastSeq + 1 });
  const gapMs = open ? Math.round(performance.now() - closedAt) : null;
  await seal(room, from, lastSeq);
  return { from, to: from + 1, lastSeq, gapMs, bounded: await bound(room, from + 1) };
}

const SLACK_BYTES = 1024 * 1024;

/** The next segment takes events already; only the seal is missing. */
async function finish(room: Room, before: StreamInfo, head: StreamInfo): Promise<Rolled> {
  const lastSeq = Number(head.config.first_seq) - 1;
  const [from, to] = [numberOf(before), numberOf(head)];
  await seal(room, from, lastSeq);
  return { from, to, lastSeq, gapMs: null, bounded: await bound(room, to) };
}

type Changes = {
  readonly subjects?: string[];
  readonly max_bytes?: number;
  readonly sealed?: boolean;
  readonly metadata?: Record<string, string>;
};

function change({ jsm }: Room, number: number, changes: Changes): Promise<void> {
  const name = `EVENTS-${number}`;
  return patiently(async () => {
    const { config } = await jsm.streams.info(name);
    const metadata = { ...config.metadata, ...changes.metadata };
    await jsm.streams.update(name, { ...config, ...changes, metadata });
  });
}

/**
 * Waits until nothing that had reached the segment is still on its way into it. What comes in is handled in its order:
 * a message that no stream can take is answered with the last number given out so far, stored or not yet, and once the
 * leader has stored up to that number there is nothing more. Asked twice, so that a change of the leader is noticed.
 */
async function settled(
  { connection, jsm, topology }: Room,
  number: number,
): Promise<{ readonly lastSeq: number; readonly bytes: number }> {
  const stream = `EVENTS-${number}`;
  const deadline = performance.now() + SETTLE_MS;
  let before: string | undefined;
  for (;;) {
    try {
      const given = await lastGiven(connection, closedSubject(topology, number));
      const { state, cluster } = await jsm.streams.info(stream);
      const now = `${given}/${state.last_seq}/${cluster?.leader ?? ''}`;
      if (given === state.last_seq && now === before)
        return { lastSeq: state.last_seq, bytes: state.bytes };
      before = now;
    } catch (error) {
      // While the closed segment has no leader, nobody answers.
      if (error instanceof JetStreamApiError && !mayPass(error)) throw failure(error);
    }
    if (performance.now() >= deadline)
      throw new WritError(
        'LOG_UNAVAILABLE',
        `\`${stream}\` was closed but does not settle; run \`writ log roll\` again when the servers are well`,
      );
    await wait(5);
  }
}

async function lastGiven(connection: NatsConnection, subject: string): Promise<number | undefined> {
  const expectation = headers();
  expectation.set('Nats-Expected-Last-Sequence', String(Number.MAX_SAFE_INTEGER));
  const reply = await connection.request(subject, '', { headers: expectation, timeout: 2000 });
  const { error } = reply.json<{ error?: { description?: string } }>();
  const digits = /wrong last sequence: (\d+)/.exec(error?.description ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function deleteConsumers({ jsm }: Room, number: number): Promise<void> {
  const stream = `EVENTS-${number}`;
  return patiently(async () => {
    const names: string[] = [];
    for await (const { name } of jsm.consumers.list(stream)) names.push(name);
    // One that went by itself meanwhile is as good as deleted.
    await Promise.all(
      names.map((name) =>
        jsm.consumers.delete(stream, name).catch((error: unknown) => {
          if (mayPass(error)) throw error;
        }),
      ),
    );
  });
}

/** Makes the next segment; when the broker refuses it, the one before is opened again. */
async function begin(
  room: Room,
  { from, firstSeq }: { readonly from: number; readonly firstSeq: number },
): Promise<void> {
  const { jsm, topology } = room;
  const declared = openSegment(topology, from + 1);
  try {
    await patiently(async () => {
      if ((await segmentsOf(jsm)).some((info) => numberOf(info) === from + 1)) return;
      await jsm.streams.add({
        ...declared,
        subjects: [...declared.subjects],
        first_seq: firstSeq,
        // Servers of a cluster hear late of the room that the one before gave back; nothing waits for that.
        max_bytes: -1,
      });
    });
  } catch (error) {
    if (!(error instanceof WritError) || error.code !== 'CONFIG_INVALID') throw error;
    const { subjects, max_bytes } = openSegment(topology, from);
    await change(room, from, { subjects: [...subjects], max_bytes });
    throw new WritError(
      'CONFIG_INVALID',
      `the next segment can not be made, so the log goes on in segment \`${from}\`: ${error.message}`,
      { cause: error },
    );
  }
}

/** Gives a new segment its bound, as soon as the servers find room for it. */
async function bound(room: Room, number: number): Promise<boolean> {
  const { max_bytes } = openSegment(room.topology, number);
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    try {
      await change(room, number, { max_bytes });
      return true;
    } catch (error) {
      if (!(error instanceof WritError) || error.code !== 'CONFIG_INVALID') throw error;
      if (performance.now() >= deadline) return false;
    }
    await wait(500);
  }
}

/** Makes a closed segment one that nothing can change any more. */
async function seal(room: Room, number: number, lastSeq: number): Promise<void> {
  const { state, config } = await patiently(() => room.jsm.streams.info(`EVENTS-${number}`));
  if (state.last_seq !== lastSeq || takesEvents({ ...config }))
    throw new WritError(
      'LOG_UNAVAILABLE',
      `\`EVENTS-${number}\` ends at ${state.last_seq}, the next segment begins after ${lastSeq}; stop all roles and restore the log from its backup`,
    );
  await change(room, number, { sealed: true });
}
