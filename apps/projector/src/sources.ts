/** The streams that projections read, and how their messages are decoded. */
import { type DeadLetterOutcome, type DecisionBatch, WritError } from '@writ/contracts';
import { decodeEvent, eventIdOf, headerOf, LOG, type StoredMessage } from '@writ/bus';
import {
  type Entry,
  kindOf,
  type ProjectedEvent,
  type OperationsRecord,
  type Projection,
  projections,
  type RecordedDeadLetter,
  type RecordedDecisions,
  type SourceName,
} from '@writ/readmodels';

export type Source<Content> = {
  readonly name: SourceName;
  /** The log as a whole, or a stream. */
  readonly stream: string;
  /** Subjects that are read; all when left out. */
  readonly filters?: readonly string[];
  readonly projections: readonly Projection<Content>[];
  /** What the position keeps of a message to know it again. */
  readonly idOf: (message: StoredMessage) => string;
  readonly decode: (message: StoredMessage) => Content;
};

export const eventsSource: Source<ProjectedEvent> = {
  name: 'EVENTS',
  stream: LOG,
  projections: projections.EVENTS,
  idOf: eventIdOf,
  decode: (message) => decodeEvent(message, { reader: 'projector' }),
};

export const decisionsSource: Source<RecordedDecisions> = {
  name: 'DECISIONS',
  stream: 'DECISIONS',
  projections: projections.DECISIONS,
  idOf: messageId,
  decode: (message) => ({
    seq: message.seq,
    tenant: tenantOf(message),
    records: parsed<DecisionBatch>(message, Array.isArray),
  }),
};

export const operationsSource: Source<OperationsRecord> = {
  name: 'OPS',
  stream: 'OPS',
  filters: ['writ.*.ops.dead-letter.>', 'writ.*.ops.dead-letter-outcome.>'],
  projections: projections.OPS,
  idOf: messageId,
  decode: (message) => {
    const at = { seq: message.seq, tenant: tenantOf(message) };
    return kindOf(message.subject) === 'ops.dead-letter'
      ? { ...at, letter: parsed<RecordedDeadLetter>(message, isRecord) }
      : { ...at, outcome: parsed<DeadLetterOutcome>(message, isRecord) };
  },
};

/** A message as an entry; one that can not be decoded says so, for the projections that read its kind. */
export function entryOf<Content>(source: Source<Content>, message: StoredMessage): Entry<Content> {
  // Of its content and what makes it unreadable it has one.
  return new MessageEntry(source, message) as Entry<Content>;
}

/** Decoded when it is looked at: most rebuilds read some kinds only, and of a batch only the last one is asked for its id. */
class MessageEntry<Content> {
  readonly seq: number;
  readonly kind: string;
  readonly #source: Source<Content>;
  readonly #message: StoredMessage;
  #decoded = false;
  #content: Content | undefined;
  #unreadable: WritError | undefined;

  constructor(source: Source<Content>, message: StoredMessage) {
    this.seq = message.seq;
    this.kind = kindOf(message.subject);
    this.#source = source;
    this.#message = message;
  }

  get id(): string {
    return this.#source.idOf(this.#message);
  }

  get content(): Content | undefined {
    this.#decode();
    return this.#content;
  }

  get unreadable(): WritError | undefined {
    this.#decode();
    return this.#unreadable;
  }

  #decode(): void {
    if (this.#decoded) return;
    this.#decoded = true;
    try {
      this.#content = this.#source.decode(this.#message);
    } catch (error) {
      this.#unreadable = unreadable(this.#message, error);
    }
  }
}

function messageId(message: StoredMessage): string {
  return headerOf(message, 'Nats-Msg-Id') ?? '';
}

function tenantOf({ subject }: StoredMessage): string {
  return subject.split('.')[1] ?? '';
}

/** The body as JSON. Roles alone write these streams; its outline is checked, its members by the table they go to. */
function parsed<T>(message: StoredMessage, hasOutline: (value: unknown) => boolean): T {
  const { data } = message;
  const value: unknown = JSON.parse(
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'),
  );
  if (!hasOutline(value)) throw new TypeError('its body does not have the shape of its stream');
  return value as T;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(message: StoredMessage, cause: unknown): WritError {
  if (cause instanceof WritError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WritError(
    'EVENT_UNREADABLE',
    `the message at ${message.seq} of \`${message.subject}\` can not be read: ${why}`,
    { cause },
  );
}
