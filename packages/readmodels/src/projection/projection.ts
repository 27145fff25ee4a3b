/** What a projection is: which entries of which stream it reads, and how they become rows. */
import type { RecordedEvent, WritError } from '@writ/contracts';
import type { AnyRowSet } from './row-set.ts';

/** The streams that rows are made from, by their role; the log's own stream is named by its segment. */
export type SourceName = 'EVENTS' | 'DECISIONS' | 'OPS';

/** An event of the log with what is kept beside it for retries. */
export type ProjectedEvent = RecordedEvent & {
  readonly idempotencyKey: string | null;
  readonly fingerprint: string | null;
};

/** One message of a stream, read or found unreadable. */
export type Entry<Content> = {
  readonly seq: number;
  /** What kind of subject it was stored under, as `kindOf` gives it. */
  readonly kind: string;
  /** What tells this message from any other that could stand at its sequence. */
  readonly id: string;
} & (
  | { readonly content: Content; readonly unreadable?: undefined }
  | { readonly unreadable: WritError; readonly content?: undefined }
);

/** One batch on its way to rows. */
export type Fold<Content> = {
  /** Every table it writes. */
  readonly sets: readonly AnyRowSet[];
  /** Names the rows that `apply` will look at. */
  need(content: Content): void;
  /** Folds one entry; what it throws pauses the projection at this entry. */
  apply(content: Content): void;
  /** Called once after the last entry, before the rows are written. */
  finish?(): void;
};

export type Projection<Content> = {
  readonly name: string;
  /** Goes up when rows mean something else; the tables are then built again. */
  readonly version: number;
  readonly source: SourceName;
  /** The kinds of subjects it reads. */
  readonly kinds: readonly string[];
  readonly tables: readonly string[];
  open(): Fold<Content>;
};

/** The kind of a stored subject: `<context>.<kind>` of an event, `dec` of decisions, `ops.<kind>` of operations. */
export function kindOf(subject: string): string {
  const word = behind(subject, behind(subject, 0));
  const context = behind(subject, word);
  if (subject.startsWith('evt.', word))
    return subject.slice(context, endOf(subject, behind(subject, context)));
  return subject.slice(word, endOf(subject, subject.startsWith('ops.', word) ? context : word));
}

/** Where the token begins that follows the one here. */
function behind(subject: string, at: number): number {
  return Math.min(subject.length, endOf(subject, at) + 1);
}

function endOf(subject: string, at: number): number {
  const dot = subject.indexOf('.', at);
  return dot < 0 ? subject.length : dot;
}
