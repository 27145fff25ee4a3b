/** Holding a question's context to what the tenant's schema declares for its action. */
import type { DeclaredRecord, DeclaredType } from './cedar/tenant-schema.ts';
import { fewOf, isEstimate, MAX_IGNORED, type SentContext, type Shown } from './shown-context.ts';

type Conforming = {
  /** What is declared, and of the declared type. */
  readonly sent: SentContext;
  /** What is declared and missing, or of another type. */
  readonly problems: readonly string[];
  /** Names of what is not declared. */
  readonly undeclared: readonly string[];
};

type Members = Readonly<Record<string, unknown>>;
type Found = { readonly problems: string[]; readonly undeclared: string[] };

const PROPERTIES: ReadonlySet<string> = new Set(['subject', 'action', 'resource']);
const MAX_NAME = 128;

/** Shows what is declared and of its type; what is not is told as unusable or as ignored. */
export function showDeclared(
  declared: DeclaredRecord,
  sent: SentContext,
  show: (sent: SentContext) => Shown,
): Shown {
  const { sent: conforming, problems, undeclared } = conform(declared, sent);
  const shown = show(conforming);
  return {
    ...shown,
    unusable: [...problems, ...shown.unusable],
    ignored: fewOf([...undeclared, ...shown.ignored]),
  };
}

function conform(declared: DeclaredRecord, sent: SentContext): Conforming {
  const found: Found = { problems: [], undeclared: [] };
  const { context = {}, ...properties } = sent;
  const members: Record<string, unknown> = {};
  const estimates: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(context))
    if (PROPERTIES.has(name)) tell(found.undeclared, name);
    else if (isEstimate(name) && !declared.attributes.has(name)) estimates[name] = value;
    else members[name] = value;
  for (const [name, value] of Object.entries(properties))
    if (value !== undefined) members[name] = value;
  const { subject, action, resource, ...rest } = conformRecord(declared, members, {
    path: '',
    found,
  }) as Members & Partial<Record<'subject' | 'action' | 'resource', Members>>;
  return { ...found, sent: { context: { ...rest, ...estimates }, subject, action, resource } };
}

type Here = { readonly path: string; readonly found: Found };

function conformRecord(declared: DeclaredRecord, value: Members, { path, found }: Here): Members {
  const kept: Record<string, unknown> = {};
  const pathTo = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of Object.keys(value)) {
    const attribute = declared.attributes.get(name);
    if (!attribute) tell(found.undeclared, pathTo(name));
    else {
      const conforming = conformValue(attribute.type, value[name], { path: pathTo(name), found });
      if (conforming !== undefined) kept[name] = conforming;
    }
  }
  for (const [name, { required }] of declared.attributes)
    if (required && !Object.hasOwn(value, name))
      problem(found, pathTo(name), 'is missing; the schema requires it');
  return kept;
}

/** The value as far as it is declared; `undefined` where it is of another type. */
function conformValue(type: DeclaredType, value: unknown, here: Here): unknown {
  switch (type.kind) {
    case 'String':
      return typeof value === 'string' ? value : mistaken(type, value, here);
    case 'Boolean':
      return typeof value === 'boolean' ? value : mistaken(type, value, here);
    case 'Long':
      return Number.isSafeInteger(value) ? value : mistaken(type, value, here);
    case 'Set':
      if (!Array.isArray(value)) return mistaken(type, value, here);
      return value.map((item: unknown) =>
        conformValue(type.element, item, { ...here, path: `${here.path}[]` }),
      );
    case 'Record':
      return isMembers(value) ? conformRecord(type, value, here) : mistaken(type, value, here);
  }
}

function mistaken(type: DeclaredType, value: unknown, { path, found }: Here): undefined {
  problem(found, path, `must be ${nameOf(type)}, as the schema says, not ${kindOf(value)}`);
}

function nameOf(type: DeclaredType): string {
  return type.kind === 'Set' ? `Set of ${nameOf(type.element)}` : type.kind;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return String(value);
    case 'boolean':
      return 'true or false';
    default:
      return 'a record';
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problem({ problems }: Found, path: string, what: string): void {
  tell(problems, `\`context.${path.slice(0, MAX_NAME)}\` ${what}`);
}

function tell(list: string[], what: string): void {
  if (list.length < MAX_IGNORED) list.push(what);
}
