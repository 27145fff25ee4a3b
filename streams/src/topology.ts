/**
 * The declared streams and durable consumers of a cell. Sizes in bytes, times in nanoseconds, as JetStream has them.
 * WORK, TIMERS, KEYS and CONFIG come with the features that use them.
 */
import { WritError } from '@writ/contracts';

const GIB = 1024 ** 3;
const SECOND = 1_000_000_000;
const DAY = 86_400 * SECOND;

/** Decision records are kept this long at least, whatever is configured. */
export const DECISIONS_FLOOR_DAYS = 183;

/** A stream's configuration as far as it is declared; what is left out is the broker's default. */
export type DeclaredStream = {
  readonly name: string;
  readonly description: string;
  readonly subjects: readonly string[];
  readonly subject_transform?: { readonly src: string; readonly dest: string };
  readonly republish?: { readonly src: string; readonly dest: string };
  readonly retention: 'limits' | 'workqueue';
  readonly storage: 'file';
  readonly discard: 'new' | 'old';
  readonly num_replicas: number;
  readonly max_age: number;
  readonly max_bytes: number;
  readonly max_msg_size: number;
  /** Without end when left out. */
  readonly max_msgs_per_subject?: number;
  readonly duplicate_window: number;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
  readonly allow_direct: boolean;
  readonly allow_atomic: boolean;
  /** Nothing can change it any more. */
  readonly sealed?: boolean;
};

export type DeclaredConsumer = {
  readonly stream: string;
  readonly durable_name: string;
  readonly description: string;
  readonly ack_policy: 'explicit';
  readonly deliver_policy: 'all';
  /** All of the stream when left out. */
  readonly filter_subjects?: readonly string[];
  readonly ack_wait: number;
  readonly backoff: readonly number[];
  readonly max_deliver: number;
  readonly max_ack_pending: number;
};

export type Topology = {
  readonly streams: readonly DeclaredStream[];
  readonly consumers: readonly DeclaredConsumer[];
};

export type TopologyOptions = {
  /** The secret token of the ingest prefix. */
  readonly ingest: string;
  /** Copies of each stream: 1, 3 or 5. */
  readonly replicas: number;
  /** How long decision records are kept; never under `DECISIONS_FLOOR_DAYS`. */
  readonly decisionsMaxAgeDays?: number;
  /** The most bytes each stream may take. */
  readonly maxBytes?: Partial<
    Readonly<Record<'events' | 'decisions' | 'inbox' | 'ops' | 'snapshots', number>>
  >;
};

/** The topology of a cell; throws `CONFIG_INVALID` for what it must not be. */
export function topology(options: TopologyOptions): Topology {
  const days = options.decisionsMaxAgeDays ?? 400;
  if (days < DECISIONS_FLOOR_DAYS)
    throw new WritError(
      'CONFIG_INVALID',
      `decision records must be kept \`${DECISIONS_FLOOR_DAYS}\` days at least, \`${days}\` is less`,
    );
  if (![1, 3, 5].includes(options.replicas))
    throw new WritError(
      'CONFIG_INVALID',
      `\`WRIT_REPLICAS\` must be 1, 3 or 5, not \`${options.replicas}\``,
    );
  return {
    streams: [
      events(options),
      decisions(options, days),
      inbox(options),
      ops(options),
      snapshots(options),
    ],
    consumers: [commanderOfInbox, deadLettersOfOps],
  };
}

/** Everything that enters through the ingest prefix is stored under its public subject. */
function ingested(ingest: string, kind: string) {
  const source = `_writ.${ingest}.*.${kind}.>`;
  const dest = `writ.{{wildcard(1)}}.${kind}.>`;
  return { subjects: [source], subject_transform: { src: source, dest } } as const;
}

/** What was committed, and nothing else, goes to whoever subscribed to the public subject. */
function republished(kind: string) {
  return {
    republish: { src: `writ.*.${kind}.>`, dest: `writ.{{wildcard(1)}}.${kind}.>` },
  } as const;
}

const kept = { storage: 'file', deny_delete: true, deny_purge: true, allow_direct: true } as const;

function events({ ingest, replicas, maxBytes }: TopologyOptions): DeclaredStream {
  return {
    name: 'EVENTS-1',
    description: 'the log, segment 1',
    ...ingested(ingest, 'evt'),
    ...republished('evt'),
    ...kept,
    retention: 'limits',
    discard: 'new',
    num_replicas: replicas,
    max_age: 0,
    max_bytes: maxBytes?.events ?? 8 * GIB,
    max_msg_size: -1,
    // Events have no message ids; those that an archive brings back from before may.
    duplicate_window: 10 * SECOND,
    allow_atomic: true,
  };
}

function decisions({ ingest, replicas, maxBytes }: TopologyOptions, days: number): DeclaredStream {
  return {
    name: 'DECISIONS',
    description: 'decision records in batches',
    ...ingested(ingest, 'dec'),
    ...republished('dec'),
    ...kept,
    retention: 'limits',
    // A full stream denies; it never forgets a decision before its time.
    discard: 'new',
    num_replicas: replicas,
    max_age: days * DAY,
    max_bytes: maxBytes?.decisions ?? 4 * GIB,
    max_msg_size: -1,
    duplicate_window: 120 * SECOND,
    allow_atomic: false,
  };
}

function inbox({ replicas, maxBytes }: TopologyOptions): DeclaredStream {
  return {
    name: 'INBOX',
    description: 'commands that wait to be handled',
    subjects: ['writ.*.inbox.>'],
    ...kept,
    retention: 'workqueue',
    discard: 'new',
    num_replicas: replicas,
    max_age: 0,
    max_bytes: maxBytes?.inbox ?? GIB,
    max_msg_size: 320 * 1024,
    // The least there is: a client's message ids must not swallow another's command.
    duplicate_window: SECOND / 10,
    allow_atomic: false,
  };
}

function ops({ ingest, replicas, maxBytes }: TopologyOptions): DeclaredStream {
  const { subjects, subject_transform } = ingested(ingest, 'ops');
  return {
    name: 'OPS',
    description: 'dead letters and advisories of deliveries',
    subjects: [
      ...subjects,
      '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>',
      '$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>',
    ],
    subject_transform,
    ...kept,
    retention: 'limits',
    discard: 'old',
    num_replicas: replicas,
    max_age: 400 * DAY,
    max_bytes: maxBytes?.ops ?? GIB,
    max_msg_size: -1,
    duplicate_window: 120 * SECOND,
    allow_atomic: false,
  };
}

function snapshots({ ingest, replicas, maxBytes }: TopologyOptions): DeclaredStream {
  return {
    name: 'SNAPSHOTS',
    description: 'snapshots of folds; everything in it can be made again from the log',
    ...ingested(ingest, 'snapshot'),
    ...kept,
    retention: 'limits',
    // Each part has a place of its own, where the next snapshot takes the place of an older one.
    max_msgs_per_subject: 1,
    discard: 'new',
    num_replicas: replicas,
    max_age: 0,
    max_bytes: maxBytes?.snapshots ?? GIB,
    max_msg_size: -1,
    duplicate_window: 120 * SECOND,
    allow_atomic: false,
  };
}

const commanderOfInbox: DeclaredConsumer = {
  stream: 'INBOX',
  durable_name: 'commander',
  description: 'the commanders, each message to one of them',
  ack_policy: 'explicit',
  deliver_policy: 'all',
  // A commander that lives says every few seconds that it works on: who is silent is gone, however often that was so.
  ack_wait: 15 * SECOND,
  backoff: [],
  max_deliver: 20,
  max_ack_pending: 1024,
};

const advisories = ['MAX_DELIVERIES', 'MSG_TERMINATED'].map(
  (kind) => `$JS.EVENT.ADVISORY.CONSUMER.${kind}.INBOX.commander`,
);

const deadLettersOfOps: DeclaredConsumer = {
  stream: 'OPS',
  durable_name: 'dead-letters',
  description: 'commands of INBOX whose deliveries ended without anybody seeing to them',
  ack_policy: 'explicit',
  deliver_policy: 'all',
  filter_subjects: advisories,
  ack_wait: 30 * SECOND,
  backoff: [],
  max_deliver: -1,
  max_ack_pending: 256,
};
