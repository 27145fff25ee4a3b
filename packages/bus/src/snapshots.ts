/**
 * SNAPSHOTS: what a fold had made of the log up to a sequence, so that whoever folds it need not begin at 1.
 *
 * A fold has a few slots; a new snapshot takes the place of the oldest one, part by part, and its manifest comes last.
 *
 * Invariants:
 * 1. A snapshot is given only when all of its bytes are those that its manifest names, by checksum.
 * 2. It is given only for this log (cell, segment, creation of the stream, event at its sequence), for a sequence that the
 *    log has, and to the same version of the fold. Everything else is ignored and counted, the next older one is tried, and
 *    none is an answer.
 * 3. Nobody writes to a slot that somebody else is writing to: its manifest is taken first, by its exact last sequence.
 */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/nats-core';
import { ingestSubject, type SnapshotCounts } from '@writ/contracts';
import type { EventStore } from './event-store.ts';
import { headerText } from './header-block.ts';
import { messageOf, toLogError } from './jetstream-api.ts';
import { publishOnce } from './publish.ts';
import { writeRecord } from './record-writer.ts';
import { bytesOf, checksum, compress, decompress, linesOf, partsOf } from './snapshot-content.ts';
import { type Manifest, readManifest } from './snapshot-manifest.ts';
import { type Misfit, misfitOf, placeAt } from './snapshot-place.ts';
import { leaderGet, type TimedMessage } from './stored-messages.ts';

export type SnapshotOptions = {
  readonly connection: NatsConnection;
  readonly ingest: string;
  readonly store: Pick<EventStore, 'cell' | 'status'>;
  /** What folds, and which way of folding this release has. */
  readonly fold: { readonly name: string; readonly version: number };
  /** Told of every snapshot that is passed over, and why. */
  readonly onIgnored?: (reason: IgnoredReason, detail: string) => void;
};

export const ignoredReasons = [
  'unreadable',
  'other_fold',
  'other_log',
  'beyond_log',
  'damaged',
] as const;
export type IgnoredReason = (typeof ignoredReasons)[number];

export type SavedSnapshot = { readonly seq: number; readonly bytes: number };

export interface Snapshots {
  /** What was done with snapshots since this was opened. */
  readonly counts: SnapshotCounts & { readonly ignored: Readonly<Record<IgnoredReason, number>> };
  /** The newest snapshot that is whole and fits, as `read` makes it of its lines; `undefined` when there is none. Never throws. */
  restore<T>(read: (lines: Iterable<string>) => T): Promise<T | undefined>;
  /** The sequence of the newest snapshot of this log and fold; 0 when there is none. Throws `LOG_UNAVAILABLE`. */
  newestSeq(): Promise<number>;
  /**
   * Stores what was folded up to a sequence; `undefined` when somebody else is at it or was faster. Throws
   * `LOG_UNAVAILABLE` or `LOG_FULL`, and then the older ones are still there.
   */
  save(seq: number, lines: Iterable<string>): Promise<SavedSnapshot | undefined>;
}

const STREAM = 'SNAPSHOTS';
const SLOTS = [0, 1, 2];
const PARTS_AT_ONCE = 4;
const TIMEOUT_MS = 10_000;
/** A slot that was taken and not finished for so long was left by a crash. */
const CLAIM_MS = 120_000;

export function openSnapshots(options: SnapshotOptions): Snapshots {
  return new StreamSnapshots(options);
}

type Slot = {
  readonly slot: number;
  /** The stream's sequence of its manifest; 0 for a slot that was never used. */
  readonly manifestSeq: number;
  readonly manifest: Manifest | undefined;
  readonly misfit: Misfit | undefined;
  readonly takenMs: number;
};
type Complete = Slot & { readonly manifest: Manifest };

class StreamSnapshots implements Snapshots {
  readonly counts = {
    loaded: 0,
    made: 0,
    ignored: { unreadable: 0, other_fold: 0, other_log: 0, beyond_log: 0, damaged: 0 },
  };
  readonly #options: SnapshotOptions;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  async restore<T>(read: (lines: Iterable<string>) => T): Promise<T | undefined> {
    try {
      const slots = await this.#slots();
      for (const slot of slots) this.#countMisfit(slot);
      for (const slot of this.#fittingOf(slots)) {
        try {
          const restored = read(linesOf(await this.#contentOf(slot)));
          this.counts.loaded += 1;
          return restored;
        } catch (error) {
          this.#ignore('damaged', `that of ${slot.manifest.seq}: ${messageOf(error)}`);
        }
      }
    } catch (error) {
      this.#ignore('unreadable', messageOf(error));
    }
    return undefined;
  }

  async newestSeq(): Promise<number> {
    try {
      const [newest] = this.#fittingOf(await this.#slots());
      return newest?.manifest.seq ?? 0;
    } catch (error) {
      throw toLogError(error, STREAM);
    }
  }

  async save(seq: number, lines: Iterable<string>): Promise<SavedSnapshot | undefined> {
    try {
      return await this.#save(seq, lines);
    } catch (error) {
      throw toLogError(error, STREAM);
    }
  }

  async #save(seq: number, lines: Iterable<string>): Promise<SavedSnapshot | undefined> {
    const { store, fold } = this.#options;
    // Taken down before anything is waited for: what is folded may go on.
    const raw = bytesOf(lines);
    const [slots, place, { serverTimeMs }] = await Promise.all([
      this.#slots(),
      placeAt(this.#options.connection, seq),
      store.status(),
    ]);
    const busy = slots.some(
      ({ manifest, takenMs }) => manifest?.state === 'writing' && serverTimeMs - takenMs < CLAIM_MS,
    );
    const made = this.#fittingOf(slots).some(({ manifest }) => manifest.seq >= seq);
    const chosen = leastOf(slots);
    if (busy || made || chosen === undefined || place === undefined) return undefined;
    const draft: Manifest = {
      format: 1,
      state: 'writing',
      id: randomUUID(),
      fold: fold.name,
      foldVersion: fold.version,
      cell: store.cell,
      ...place,
      seq,
      parts: 0,
      bytes: 0,
      sha256: '',
    };
    const claim = await this.#writeManifest(chosen, draft);
    if (claim === undefined) return undefined;
    const content = await compress(raw);
    const parts = partsOf(content);
    await atOnce(PARTS_AT_ONCE, parts, (body, n) =>
      writeRecord(
        { ...this.#options, stream: STREAM, timeoutMs: TIMEOUT_MS },
        { subject: this.#subject(chosen.slot, String(n)), messageId: `${draft.id}/${n}`, body },
      ),
    );
    const manifest: Manifest = {
      ...draft,
      state: 'complete',
      parts: parts.length,
      bytes: content.length,
      sha256: checksum(content),
    };
    const done = await this.#writeManifest({ ...chosen, manifestSeq: claim }, manifest);
    if (done === undefined) return undefined;
    this.counts.made += 1;
    return { seq, bytes: content.length };
  }

  /** Complete snapshots of this fold and log, newest first. */
  #fittingOf(slots: readonly Slot[]): Complete[] {
    return slots
      .filter((slot): slot is Complete => this.#misfitOf(slot) === 'none')
      .sort((a, b) => b.manifest.seq - a.manifest.seq);
  }

  #countMisfit(slot: Slot): void {
    const reason = this.#misfitOf(slot);
    if (reason === 'none' || reason === 'unfinished') return;
    this.#ignore(reason, `that of ${slot.manifest?.seq ?? 'an unknown sequence'}`);
  }

  #misfitOf({ manifest, manifestSeq, misfit }: Slot): IgnoredReason | 'unfinished' | 'none' {
    const { name, version } = this.#options.fold;
    if (manifestSeq === 0 || manifest?.state === 'writing') return 'unfinished';
    if (manifest === undefined) return 'unreadable';
    if (misfit !== undefined) return misfit;
    return manifest.fold === name && manifest.foldVersion === version ? 'none' : 'other_fold';
  }

  async #slots(): Promise<Slot[]> {
    const { connection, store } = this.#options;
    const { lastSeq } = await store.status();
    const log = { connection, cell: store.cell, lastSeq };
    return await Promise.all(
      SLOTS.map(async (slot) => {
        const message = await this.#get(slot, 'manifest');
        const manifest = message && readManifest(message.data);
        return {
          slot,
          manifestSeq: message?.seq ?? 0,
          manifest,
          misfit: manifest && (await misfitOf(manifest, log)),
          takenMs: message?.timeMs ?? 0,
        };
      }),
    );
  }

  /** Invariant 1. */
  async #contentOf({ slot, manifest }: Complete): Promise<Buffer> {
    const numbers = Array.from({ length: manifest.parts }, (_, n) => n);
    const parts = await atOnce(PARTS_AT_ONCE, numbers, async (n) => {
      const part = await this.#get(slot, String(n));
      if (part === undefined) throw new RangeError(`part ${n} of ${manifest.parts} is missing`);
      return part.data;
    });
    const content = Buffer.concat(parts);
    if (checksum(content) !== manifest.sha256) throw new RangeError('the checksum differs');
    return await decompress(content);
  }

  /** Invariant 3: the sequence of the manifest, or `undefined` when somebody else has written one. */
  async #writeManifest(
    { slot, manifestSeq }: Slot,
    manifest: Manifest,
  ): Promise<number | undefined> {
    const { connection, ingest } = this.#options;
    const message = {
      subject: ingestSubject(ingest, this.#subject(slot, 'manifest')),
      headers: headerText([['Nats-Expected-Last-Subject-Sequence', String(manifestSeq)]]),
      body: Buffer.from(JSON.stringify(manifest), 'utf8'),
    };
    const result = await publishOnce({ connection, timeoutMs: TIMEOUT_MS }, [message]);
    if (result.kind === 'stored') return result.seq;
    if (result.kind === 'conflict') return undefined;
    throw result.error;
  }

  #get(slot: number, what: string): Promise<TimedMessage | undefined> {
    const { connection } = this.#options;
    return leaderGet(
      { connection, stream: STREAM, timeoutMs: TIMEOUT_MS },
      { last_by_subj: this.#subject(slot, what) },
    );
  }

  /** `_` stands where a tenant would: a snapshot is of the whole cell. */
  #subject(slot: number, what: string): string {
    return `writ._.snapshot.${this.#options.fold.name}.${slot}.${what}`;
  }

  #ignore(reason: IgnoredReason, detail: string): void {
    this.counts.ignored[reason] += 1;
    this.#options.onIgnored?.(reason, detail);
  }
}

/** A slot that was never used, or else one that holds nothing of this log, or else the oldest snapshot's. */
function leastOf(slots: readonly Slot[]): Slot | undefined {
  const worth = ({ manifest, manifestSeq, misfit }: Slot): number => {
    if (manifestSeq === 0) return -2;
    return manifest?.state === 'complete' && misfit === undefined ? manifest.seq : -1;
  };
  return slots.toSorted((a, b) => worth(a) - worth(b))[0];
}

/** Does all of the work, a few at once, and returns what came of it in order. */
async function atOnce<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
