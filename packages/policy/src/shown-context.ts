/** What of a question's context the policies are shown: the attributes they read, checked value by value. */
import type { PolicyValue } from '@writ/contracts';
import type { ReadTree } from './cedar/reads.ts';

/** The parts of a question that policies see under `context`. */
export type SentContext = {
  readonly context: Readonly<Record<string, unknown>> | undefined;
  /** The properties of subject, action and resource: `context.subject` and so on. */
  readonly subject: Readonly<Record<string, unknown>> | undefined;
  readonly action: Readonly<Record<string, unknown>> | undefined;
  readonly resource: Readonly<Record<string, unknown>> | undefined;
};

export type ShownContext = {
  readonly context: Record<string, PolicyValue>;
  /** What is read but can not be shown to a policy, with why. */
  readonly unusable: string[];
  /** The names of the attributes in which it is. */
  readonly unusableNames: string[];
  /** The names of what was sent and is not read. */
  readonly ignored: string[];
};

/** What a question's context becomes: what is shown, to which policies, and what is not. */
export type Shown = {
  readonly context: Record<string, PolicyValue>;
  readonly unusable: readonly string[];
  readonly ignored: readonly string[];
  /** There where log-only policies read of the context. */
  readonly logOnly?: { context: Record<string, PolicyValue>; unusable: string[] };
};

/** Read by the conditions of grants, whatever the policies read. */
const ESTIMATES: ReadonlySet<string> = new Set(['estimatedCostMicros', 'estimatedTokens']);
const PROPERTIES = ['subject', 'action', 'resource'] as const;
/** Values inside one question's context. */
const MAX_VALUES = 2000;
export const MAX_IGNORED = 50;
const MAX_IGNORED_BYTES = 4096;
const MAX_NAME = 128;
const RESERVED_NAME = 'has a name that begins with `__`';

type Progress = ShownContext & { values: number; refused: number };
type Members = Readonly<Record<string, unknown>>;

/** What the policies that decide are shown, and apart from it what log-only policies are. */
export function showApart(
  reads: ReadTree | 'whole',
  logOnly: ReadTree | 'whole',
  sent: SentContext,
): Shown {
  const { context, unusable, ignored } = showContext(reads, sent);
  if (logOnly !== 'whole' && Object.keys(logOnly).length === 0)
    return { context, unusable, ignored: fewOf(ignored) };
  const apart = showContext(logOnly, sent);
  const ignoredApart = new Set(apart.ignored);
  return {
    context,
    unusable,
    ignored: fewOf(ignored.filter((name) => ignoredApart.has(name))),
    logOnly: { context: apart.context, unusable: apart.unusableNames },
  };
}

export function showContext(reads: ReadTree | 'whole', sent: SentContext): ShownContext {
  const progress: Progress = {
    context: {},
    unusable: [],
    unusableNames: [],
    ignored: [],
    values: 0,
    refused: 0,
  };
  const context = sent.context ?? {};
  for (const name of Object.keys(context)) {
    const isProperties = name === 'subject' || name === 'action' || name === 'resource';
    const read = readAt(reads, name);
    if (isProperties) ignore(progress, name);
    else if (ESTIMATES.has(name) && read === undefined) showEstimate(progress, name, context[name]);
    else showAttribute(progress, { name, path: name, value: context[name], read });
  }
  for (const name of PROPERTIES) {
    const value = sent[name];
    if (value === undefined) continue;
    const read = readAt(reads, name);
    if (read !== undefined) showAttribute(progress, { name, path: name, value, read });
    else for (const key of Object.keys(value)) ignore(progress, `${name}.${key}`);
  }
  return progress;
}

function showAttribute(progress: Progress, member: Member): void {
  const before = progress.refused;
  showMember(progress, progress.context, member);
  if (progress.refused > before && progress.unusableNames.length < MAX_IGNORED)
    progress.unusableNames.push(member.name.slice(0, MAX_NAME));
}

/** True for what conditions of grants read, whatever a schema declares. */
export function isEstimate(name: string): boolean {
  return ESTIMATES.has(name);
}

function readAt(reads: ReadTree | 'whole', name: string): ReadTree | 'whole' | undefined {
  if (reads === 'whole') return 'whole';
  return Object.hasOwn(reads, name) ? reads[name] : undefined;
}

function showEstimate(progress: Progress, name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isSafeInteger(value)) progress.context[name] = value;
  else ignore(progress, name);
}

type Member = {
  readonly name: string;
  readonly path: string;
  readonly value: unknown;
  readonly read: ReadTree | 'whole' | undefined;
};

function showMember(
  progress: Progress,
  into: Record<string, PolicyValue>,
  { name, path, value, read }: Member,
): void {
  if (read === undefined) return ignore(progress, path);
  // Cedar gives names like `__entity` and `__extn` a meaning of their own: nobody may send an entity.
  if (name.startsWith('__')) return refuse(progress, path, RESERVED_NAME);
  if (read === 'whole' || !isRecord(value)) {
    if (isUsable(progress, path, value)) into[name] = value;
    return;
  }
  const below: Record<string, PolicyValue> = {};
  for (const key of Object.keys(value))
    showMember(progress, below, {
      name: key,
      path: `${path}.${key}`,
      value: value[key],
      read: readAt(read, key),
    });
  into[name] = below;
}

/** Whether a value and all within it can be shown; what can not is told. */
function isUsable(progress: Progress, path: string, value: unknown): value is PolicyValue {
  progress.values += 1;
  if (progress.values === MAX_VALUES)
    refuse(progress, path, `is one of more than ${MAX_VALUES} values that policies read`);
  if (progress.values >= MAX_VALUES) return false;
  if (Array.isArray(value))
    return value.reduce<boolean>((ok, item) => isUsable(progress, `${path}[]`, item) && ok, true);
  if (isRecord(value)) return isUsableRecord(progress, path, value);
  const trouble = troubleWith(value);
  if (trouble !== undefined) refuse(progress, path, trouble);
  return trouble === undefined;
}

function isUsableRecord(progress: Progress, path: string, value: Members): boolean {
  return Object.keys(value).reduce<boolean>((ok, key) => {
    if (!key.startsWith('__')) return isUsable(progress, `${path}.${key}`, value[key]) && ok;
    refuse(progress, `${path}.${key}`, RESERVED_NAME);
    return false;
  }, true);
}

function troubleWith(value: unknown): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'string':
      return value.isWellFormed() ? undefined : 'is not well-formed text';
    case 'number':
      return Number.isSafeInteger(value)
        ? undefined
        : `is ${value}; policies read whole numbers up to 2^53 only`;
    default:
      return 'is null; leave it out instead';
  }
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(progress: Progress, path: string, why: string): void {
  progress.refused += 1;
  if (progress.unusable.length < MAX_IGNORED)
    progress.unusable.push(`\`context.${path.slice(0, MAX_NAME)}\` ${why}`);
}

/** As many names of what is ignored as an answer should carry. */
export function fewOf(names: readonly string[]): readonly string[] {
  let bytes = 0;
  const end = names.findIndex(
    (name, index) =>
      index === MAX_IGNORED || (bytes += Buffer.byteLength(name)) > MAX_IGNORED_BYTES,
  );
  return end === -1 ? names : names.slice(0, end);
}

function ignore(progress: Progress, path: string): void {
  if (progress.ignored.length < MAX_IGNORED) progress.ignored.push(path.slice(0, MAX_NAME));
}
