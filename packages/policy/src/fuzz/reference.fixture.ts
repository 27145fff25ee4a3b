/**
 * A strict evaluation, written from what Cedar's specification says and from what Writ promises,
 * with nothing of the engine: whatever can not be evaluated, by any policy that applies, denies.
 */
import type { Policy, Term } from './terms.fixture.ts';

export type Json =
  | null
  | string
  | number
  | boolean
  | readonly Json[]
  | { readonly [name: string]: Json };
export type Asked = {
  readonly agentId: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  /** As it is sent, with whatever stands in it. */
  readonly context: { readonly [name: string]: Json };
  /** What the policies see of the agent. */
  readonly principal: { readonly [name: string]: Json };
};
export type Verdict = {
  readonly effect: 'allow' | 'deny';
  /** The policies that forbid it; of those that fail there may be more. */
  readonly forbidding: readonly string[];
  readonly failing: readonly string[];
  /** Values that policies read and that no policy can be shown. */
  readonly unshowable: boolean;
  readonly wouldDeny: readonly string[];
};
/** What may be sent with an action; `undefined` in the place of a schema is that anything may. */
export type Declared = {
  readonly [action: string]: { readonly [attribute: string]: DeclaredValue };
};
export type DeclaredValue = {
  readonly type: 'Long' | 'String' | 'Set';
  readonly required: boolean;
};

type Entity = { readonly entity: string };
type Value = string | bigint | boolean | ValueSet | ValueRecord | Entity;
type ValueSet = { readonly items: readonly Value[] };
type ValueRecord = { readonly fields: ReadonlyMap<string, Value> };

class Failure extends Error {}

export function referenceVerdict(
  policies: Readonly<Record<string, Policy>>,
  raw: Asked,
  declared?: Declared,
): Verdict {
  const { context, wrong } = declared
    ? hold(raw, declared[raw.action] ?? {})
    : { ...raw, wrong: false };
  const asked = { ...raw, context };
  const ids = Object.keys(policies).sort();
  const deciding = ids.filter((id) => policies[id]?.logOnly === false);
  const watching = ids.filter((id) => policies[id]?.logOnly === true);
  const outcome = (id: string): 'applies' | 'fails' | 'passes' =>
    judge(policies[id] as Policy, asked);
  const forbidding = deciding.filter((id) => outcome(id) === 'applies');
  const failing = deciding.filter((id) => outcome(id) === 'fails');
  const reads = (id: string): boolean => readsUnshowable(policies[id] as Policy, context);
  const unshowable = wrong || deciding.some(reads);
  const denied = forbidding.length > 0 || failing.length > 0 || unshowable;
  const wouldDeny = watching.filter(
    (id) => outcome(id) !== 'passes' || (reads(id) && inScope(policies[id] as Policy, asked)),
  );
  return { effect: denied ? 'deny' : 'allow', forbidding, failing, unshowable, wouldDeny };
}

/** Leaves out what is not declared; says whether anything declared is wrong or missing. */
function hold(
  { context }: Asked,
  declared: Declared[string],
): { readonly context: Asked['context']; readonly wrong: boolean } {
  const kept: Record<string, Json> = {};
  let wrong = false;
  for (const [name, { type, required }] of Object.entries(declared)) {
    const value = context[name];
    if (value === undefined) wrong ||= required;
    else if (isOf(type, value)) kept[name] = value;
    else wrong = true;
  }
  return { context: kept, wrong };
}

function isOf(type: DeclaredValue['type'], value: Json): boolean {
  if (type === 'Long') return Number.isSafeInteger(value);
  if (type === 'String') return typeof value === 'string';
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function inScope({ principal, actions, resource }: Policy, asked: Asked): boolean {
  return (
    (principal === undefined || principal === asked.agentId) &&
    (actions === undefined || actions.includes(asked.action)) &&
    (resource === undefined || resource === `${asked.resource.type}:${asked.resource.id}`)
  );
}

function judge(policy: Policy, asked: Asked): 'applies' | 'fails' | 'passes' {
  if (!inScope(policy, asked)) return 'passes';
  try {
    for (const { kind, term } of policy.clauses)
      if (truth(term, asked) !== (kind === 'when')) return 'passes';
    return 'applies';
  } catch (thrown) {
    if (thrown instanceof Failure) return 'fails';
    throw thrown;
  }
}

/** True when a policy mentions a value of the context that can not be shown, wherever it does. */
function readsUnshowable({ clauses }: Policy, context: Asked['context']): boolean {
  return clauses.some(({ term }) =>
    pathsIn(term).some(({ path, presence }) => {
      let value: Json = context;
      for (const name of path) {
        if (typeof value !== 'object' || value === null || isList(value)) break;
        const next: Json | undefined = Object.hasOwn(value, name) ? value[name] : undefined;
        if (next === undefined) return false;
        if (name.startsWith('__')) return true;
        value = next;
      }
      // Whether a record is there can be told without looking into it.
      return !(presence && isRecord(value)) && !showable(value);
    }),
  );
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json): boolean {
  return typeof value === 'object' && value !== null && !isList(value);
}

function showable(value: Json): boolean {
  if (value === null) return false;
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (typeof value !== 'object') return true;
  if (isList(value)) return value.every(showable);
  return Object.entries(value).every(([name, item]) => !name.startsWith('__') && showable(item));
}

type Mention = { readonly path: readonly string[]; readonly presence: boolean };

/** The attributes of the context that a term mentions, each as far as it is followed. */
function pathsIn(term: Term): readonly Mention[] {
  if (term.kind === 'attribute' || term.kind === 'has') {
    const path = pathOf(term);
    return path ? [{ path, presence: term.kind === 'has' }] : pathsIn(term.of);
  }
  if (term.kind === 'variable' && term.name === 'context') return [{ path: [], presence: false }];
  return partsOf(term).flatMap(pathsIn);
}

function pathOf(term: Term): readonly string[] | undefined {
  if (term.kind === 'variable') return term.name === 'context' ? [] : undefined;
  if (term.kind !== 'attribute' && term.kind !== 'has') return undefined;
  const base = pathOf(term.of);
  return base && [...base, term.name];
}

function partsOf(term: Term): readonly Term[] {
  if ('left' in term) return [term.left, term.right];
  if ('term' in term) return [term.term];
  if ('items' in term) return term.items;
  if ('fields' in term) return term.fields.map(([, value]) => value);
  if ('of' in term) return [term.of];
  return term.kind === 'if' ? [term.when, term.then, term.otherwise] : [];
}

function truth(term: Term, asked: Asked): boolean {
  const value = evaluate(term, asked);
  if (typeof value !== 'boolean') throw new Failure('not a truth');
  return value;
}

function number(term: Term, asked: Asked): bigint {
  const value = evaluate(term, asked);
  if (typeof value !== 'bigint') throw new Failure('not a number');
  return value;
}

function evaluate(term: Term, asked: Asked): Value {
  const set = (of: Term): ValueSet => {
    const value = evaluate(of, asked);
    if (typeof value !== 'object' || !('items' in value)) throw new Failure('not a set');
    return value;
  };
  const both = (of: { readonly left: Term; readonly right: Term }): [bigint, bigint] => [
    number(of.left, asked),
    number(of.right, asked),
  ];
  switch (term.kind) {
    case 'literal':
      return typeof term.value === 'number' ? BigInt(term.value) : term.value;
    case 'set':
      return { items: term.items.map((item) => evaluate(item, asked)) };
    case 'record':
      return { fields: new Map(term.fields.map(([name, of]) => [name, evaluate(of, asked)])) };
    case 'entity':
      return { entity: `${term.type}::${term.id}` };
    case 'variable':
      return variable(term.name, asked);
    case 'attribute': {
      const found = fieldsOf(evaluate(term.of, asked), asked).get(term.name);
      if (found === undefined) throw new Failure('no such attribute');
      return found;
    }
    case 'has':
      return fieldsOf(evaluate(term.of, asked), asked).has(term.name);
    case '&&':
      return truth(term.left, asked) && truth(term.right, asked);
    case '||':
      return truth(term.left, asked) || truth(term.right, asked);
    case 'not':
      return !truth(term.term, asked);
    case '==':
      return same(evaluate(term.left, asked), evaluate(term.right, asked));
    case '!=':
      return !same(evaluate(term.left, asked), evaluate(term.right, asked));
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const [left, right] = both(term);
      if (term.kind === '<') return left < right;
      if (term.kind === '<=') return left <= right;
      return term.kind === '>' ? left > right : left >= right;
    }
    case '+':
    case '-':
    case '*': {
      const [left, right] = both(term);
      const result =
        term.kind === '+' ? left + right : term.kind === '-' ? left - right : left * right;
      if (BigInt.asIntN(64, result) !== result) throw new Failure('overflow');
      return result;
    }
    case 'contains': {
      const { items } = set(term.left);
      const wanted = evaluate(term.right, asked);
      return items.some((item) => same(item, wanted));
    }
    case 'containsAll':
    case 'containsAny': {
      const { items } = set(term.left);
      const wanted = set(term.right).items;
      const has = (one: Value): boolean => items.some((item) => same(item, one));
      return term.kind === 'containsAll' ? wanted.every(has) : wanted.some(has);
    }
    case 'isEmpty':
      return set(term.term).items.length === 0;
    case 'like': {
      const value = evaluate(term.term, asked);
      if (typeof value !== 'string') throw new Failure('not a text');
      return matches(value, term.pattern);
    }
    case 'if':
      return truth(term.when, asked) ? evaluate(term.then, asked) : evaluate(term.otherwise, asked);
  }
}

const PRINCIPAL = 'principal';
const RESOURCE = 'resource';

function variable(name: string, asked: Asked): Value {
  if (name === PRINCIPAL) return { entity: `Agent::${asked.agentId}` };
  if (name === RESOURCE) return { entity: `Resource::${asked.resource.type}:${asked.resource.id}` };
  return valueOf(asked.context);
}

/** Only the agent and the resource that are asked about have attributes; other entities are not there. */
function fieldsOf(value: Value, asked: Asked): ReadonlyMap<string, Value> {
  if (typeof value !== 'object' || 'items' in value) throw new Failure('has no attributes');
  if ('fields' in value) return value.fields;
  const attributes = same(value, variable(PRINCIPAL, asked))
    ? asked.principal
    : same(value, variable(RESOURCE, asked))
      ? asked.resource
      : undefined;
  if (attributes === undefined) return new Map();
  return (valueOf(attributes) as ValueRecord).fields;
}

/** What can not be shown is never asked for here: it denies before. */
function valueOf(json: Json): Value {
  if (typeof json === 'number') return BigInt(Math.trunc(json));
  if (json === null) return 'null';
  if (typeof json !== 'object') return json;
  if (isList(json)) return { items: json.map(valueOf) };
  return { fields: new Map(Object.entries(json).map(([name, item]) => [name, valueOf(item)])) };
}

function same(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  if ('entity' in a && 'entity' in b) return a.entity === b.entity;
  if ('items' in a && 'items' in b) {
    const within = (some: ValueSet, all: ValueSet): boolean =>
      some.items.every((one) => all.items.some((other) => same(one, other)));
    return within(a, b) && within(b, a);
  }
  if (!('fields' in a && 'fields' in b) || a.fields.size !== b.fields.size) return false;
  return [...a.fields].every(([name, one]) => {
    const other = b.fields.get(name);
    return other !== undefined && same(one, other);
  });
}

function matches(text: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`, 'u').test(text);
}
