/** What would have to change so that the broker has the declared topology, and what of it must not be done by a program. */
import { isClosed, withSegments } from './segments.ts';
import type { DeclaredConsumer, DeclaredStream, Topology } from './topology.ts';

export type Change = { readonly path: string; readonly from: unknown; readonly to: unknown };

export type Step = {
  /** `EVENTS-1` for a stream, `INBOX/commander` for a consumer. */
  readonly target: string;
  readonly action: 'create' | 'update' | 'none' | 'refuse';
  readonly changes: readonly Change[];
  /** Why it is refused. */
  readonly reason: string | null;
};

export type Plan = {
  readonly steps: readonly Step[];
  /** What is there beside the topology; nothing is done about it. */
  readonly notes: readonly string[];
};

type Config = Readonly<Record<string, unknown>>;

/** What the broker has. */
export type Present = {
  readonly streams: ReadonlyMap<string, { readonly config: Config; readonly bytes: number }>;
  /** By `<stream>/<consumer>`. */
  readonly consumers: ReadonlyMap<string, Config>;
};

/** What a stream has when nothing is declared; anything else there is drift. */
export const streamDefaults: Config = {
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_consumers: -1,
  no_ack: false,
  sealed: false,
  mirror: undefined,
  sources: undefined,
  republish: undefined,
  subject_transform: undefined,
  discard_new_per_subject: false,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  allow_msg_counter: false,
  allow_msg_schedules: false,
  persist_mode: undefined,
};

const consumerDefaults: Config = {
  filter_subject: undefined,
  filter_subjects: undefined,
  headers_only: undefined,
};

/** Compares the topology with what is there. */
export function planFor(declared: Topology, present: Present): Plan {
  const topology = withSegments(declared, configsOf(present));
  const steps = [
    ...topology.streams.map((stream) => planStream(stream, present)),
    ...topology.consumers.map((consumer) => planConsumer(consumer, present)),
  ];
  const names = new Set(topology.streams.map((stream) => stream.name));
  const unknown = [...present.streams.keys()].filter((name) => !names.has(name)).sort();
  return {
    steps,
    notes: unknown.map((name) => `the stream \`${name}\` is not declared; it is left alone`),
  };
}

/** The configurations of the streams that are there, by name. */
export function configsOf({ streams }: Present): ReadonlyMap<string, Config> {
  return new Map([...streams].map(([name, { config }]) => [name, config]));
}

function planStream(declared: DeclaredStream, present: Present): Step {
  const found = present.streams.get(declared.name);
  if (found === undefined) return create(declared.name, declared);
  if (declared.sealed !== true && isClosed(declared.name, found.config))
    return {
      target: declared.name,
      action: 'refuse',
      changes: [],
      reason: 'it was closed and has no successor; finish what was begun with `writ log roll`',
    };
  const changes = diff({ ...streamDefaults, ...declared }, found.config);
  return judge(declared.name, changes, (change) => refusalOfStream(change, found.bytes));
}

function planConsumer(declared: DeclaredConsumer, present: Present): Step {
  const target = `${declared.stream}/${declared.durable_name}`;
  const { stream: _, ...config } = declared;
  const found = present.consumers.get(target);
  if (found === undefined) return create(target, config);
  return judge(target, diff({ ...consumerDefaults, ...config }, found), refusalOfConsumer);
}

function create(target: string, config: Config): Step {
  const changes = Object.entries(config).map(([path, to]) => ({ path, from: undefined, to }));
  return { target, action: 'create', changes, reason: null };
}

function judge(
  target: string,
  changes: readonly Change[],
  refusal: (change: Change) => string | undefined,
): Step {
  if (changes.length === 0) return { target, action: 'none', changes, reason: null };
  const reasons = changes.map(refusal).filter((reason) => reason !== undefined);
  if (reasons.length === 0) return { target, action: 'update', changes, reason: null };
  return { target, action: 'refuse', changes, reason: reasons.join('; ') };
}

function diff(wanted: Config, found: Config): Change[] {
  return Object.entries(wanted)
    .filter(([path, to]) => canonical(found[path]) !== canonical(to))
    .map(([path, to]) => ({ path, from: found[path], to }));
}

/** Text that is equal for equal values; the order of subjects and of properties says nothing, absent is empty and false. */
function canonical(value: unknown): string {
  if (value === undefined || value === null || value === '' || value === false) return '';
  if (Array.isArray(value))
    return value.length === 0 ? '' : `[${value.map(canonical).sort().join()}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(
    ([, inner]) => inner !== undefined && inner !== false,
  );
  return `{${entries
    .map(([name, inner]) => `${name}:${canonical(inner)}`)
    .sort()
    .join()}}`;
}

const byHand = 'do it by hand after reading what it means';

/** Why a change of a stream could lose data; `undefined` when it can not. */
function refusalOfStream({ path, from, to }: Change, bytes: number): string | undefined {
  switch (path) {
    case 'subjects': {
      const lost = asList(from).filter((subject) => !asList(to).includes(subject));
      return lost.length > 0 ? `\`${lost.join(', ')}\` would not be stored any more` : undefined;
    }
    case 'max_age':
      return shorter(from, to) ? 'a shorter `max_age` deletes what is older' : undefined;
    case 'max_bytes':
      return below(to, bytes)
        ? `\`max_bytes\` would be below the ${bytes} bytes in use`
        : undefined;
    case 'num_replicas':
      return Number(to) < Number(from) ? `fewer copies are less safe; ${byHand}` : undefined;
    case 'discard':
      return to === 'old' ? '`discard: old` drops the oldest when the stream is full' : undefined;
    case 'deny_delete':
    case 'deny_purge':
      return to === false ? `\`${path}\` can not be taken back` : undefined;
    case 'retention':
    case 'storage':
    case 'subject_transform':
    case 'mirror':
    case 'sources':
    case 'sealed':
    case 'persist_mode':
    case 'allow_msg_ttl':
    case 'allow_msg_counter':
    case 'allow_msg_schedules':
      return `\`${path}\` can not be changed in place without losing data; ${byHand}`;
    default:
      return undefined;
  }
}

function refusalOfConsumer({ path }: Change): string | undefined {
  const fixed = ['ack_policy', 'deliver_policy', 'filter_subject', 'filter_subjects'];
  return fixed.includes(path)
    ? `\`${path}\` decides what was delivered already; ${byHand}`
    : undefined;
}

function asList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Zero is for ever. */
function shorter(from: unknown, to: unknown): boolean {
  return Number(to) !== 0 && (Number(from ?? 0) === 0 || Number(to) < Number(from));
}

function below(limit: unknown, use: number): boolean {
  return Number(limit) >= 0 && Number(limit) < use;
}
