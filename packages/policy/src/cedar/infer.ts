/**
 * Types of what a policy reads from `context` and `principal.labels`, which no schema declares.
 * Guessed from use (`context.n > 3` makes `n` a number), so that Cedar's validator can check the
 * rest; what contradicts itself is left for the validator to say.
 */
import type { Clause, Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { askedBy, childrenOf, type Node, nodeOf, part } from './expression.ts';

export type Guess = { same?: Guess } & Shape;
export type Shape = { kind: Kind; name?: string; element?: Guess; fields?: Map<string, Field> };
export type Field = { readonly type: Guess; optional: boolean };
type Kind = 'unknown' | 'String' | 'Long' | 'Boolean' | 'Set' | 'Record' | 'Entity' | 'Extension';

export type Guesses = { readonly context: Guess; readonly labels: Guess };

/** What a chain of unifications ends in. */
export function resolve(guess: Guess): Guess {
  let end = guess;
  while (end.same) end = end.same;
  return end;
}

export function inferTypes(policy: PolicyJson): Guesses {
  const roots: Guesses = { context: record(), labels: record() };
  // A second pass lets what is known late reach what was read early.
  for (let pass = 0; pass < 2; pass++) policy.conditions.forEach((clause) => inferClause(roots, clause));
  return roots;
}

function inferClause(roots: Guesses, clause: Clause): void {
  unify(typeOf(roots, clause.body), of('Boolean'));
}

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const SUMS: ReadonlySet<string> = new Set(['+', '-', '*']);

function typeOf(roots: Guesses, expr: Expr): Guess {
  const node = nodeOf(expr);
  const under = (name: string): Guess => typeOf(roots, part(node, name));
  const expect = (names: readonly string[], kind: Kind): void => names.forEach((name) => unify(under(name), of(kind)));
  if (COMPARISONS.has(node.op)) return compared(under('left'), under('right'));
  if (SUMS.has(node.op)) return expect(['left', 'right'], 'Long'), of('Long');
  switch (node.op) {
    case 'Value':
      return literal(node.body);
    case 'Var':
      return node.body === 'context' ? roots.context : of('Entity', String(node.body));
    case '.':
      return attribute(roots, node);
    case 'has':
      return asked(under('left'), askedBy(node)), of('Boolean');
    case '==':
    case '!=':
      return unify(under('left'), under('right')), of('Boolean');
    case '&&':
    case '||':
      return expect(['left', 'right'], 'Boolean'), of('Boolean');
    case '!':
      return expect(['arg'], 'Boolean'), of('Boolean');
    case 'neg':
      return expect(['arg'], 'Long'), of('Long');
    case 'like':
      return expect(['left'], 'String'), of('Boolean');
    case 'isEmpty':
      return unify(under('arg'), set(of('unknown'))), of('Boolean');
    case 'contains':
      return unify(under('left'), set(under('right'))), of('Boolean');
    case 'containsAll':
    case 'containsAny':
      return both(set(of('unknown')), under('left'), under('right')), of('Boolean');
    case 'if-then-else':
      unify(under('if'), of('Boolean'));
      return unify(under('then'), under('else'));
    case 'Set':
      return set((node.body as Expr[]).map((one) => typeOf(roots, one)).reduce(unify, of('unknown')));
    case 'Record':
      return closedRecord(roots, node.body as Record<string, Expr>);
    default:
      return extension(roots, expr, node);
  }
}

function attribute(roots: Guesses, node: Node): Guess {
  const left = resolve(typeOf(roots, part(node, 'left')));
  const { attr } = node.body as { attr: string };
  if (left.kind === 'Entity') return left.name === 'principal' && attr === 'labels' ? roots.labels : entityAttribute(left, attr);
  return field(left, attr)?.type ?? of('unknown');
}

const ENTITY_TYPES: Readonly<Record<string, Kind>> = { trust: 'Long', type: 'String', id: 'String', version: 'String', owner: 'String', name: 'String', container: 'String' };

function entityAttribute(entity: Guess, attr: string): Guess {
  if (entity.name === 'principal' && attr === 'capabilities') return set(of('String'));
  return of(ENTITY_TYPES[attr] ?? 'unknown');
}

function asked(base: Guess, attrs: readonly string[]): void {
  let at = resolve(base);
  for (const attr of attrs) {
    const found = field(at, attr);
    if (!found) return;
    found.optional = true;
    at = resolve(found.type);
  }
}

/** The field of a record; what is not known yet becomes a record by being asked for one. */
function field(guess: Guess, name: string): Field | undefined {
  if (guess.kind === 'unknown') Object.assign(guess, record());
  if (guess.kind !== 'Record' || !guess.fields) return undefined;
  const known = guess.fields.get(name);
  if (known) return known;
  const made: Field = { type: of('unknown'), optional: false };
  guess.fields.set(name, made);
  return made;
}

function compared(left: Guess, right: Guess): Guess {
  const type = unify(left, right);
  if (type.kind === 'unknown') type.kind = 'Long';
  return of('Boolean');
}

const EXTENSION_OF: Readonly<Record<string, string>> = {
  ip: 'ipaddr', decimal: 'decimal', datetime: 'datetime', duration: 'duration',
  offset: 'datetime', toDate: 'datetime', durationSince: 'duration', toTime: 'duration',
};
const NUMBERS: ReadonlySet<string> = new Set(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays']);

function extension(roots: Guesses, expr: Expr, node: Node): Guess {
  childrenOf(expr).forEach((child) => typeOf(roots, child));
  const name = EXTENSION_OF[node.op];
  if (name !== undefined) return of('Extension', name);
  return of(NUMBERS.has(node.op) ? 'Long' : 'Boolean');
}

function closedRecord(roots: Guesses, members: Record<string, Expr>): Guess {
  const fields = Object.entries(members).map(([name, expr]): [string, Field] => [name, { type: typeOf(roots, expr), optional: false }]);
  return { kind: 'Record', fields: new Map(fields) };
}

function literal(value: unknown): Guess {
  if (typeof value === 'string') return of('String');
  if (typeof value === 'number') return of('Long');
  if (typeof value === 'boolean') return of('Boolean');
  const entity = (value as { __entity?: { type: string } } | null)?.__entity;
  return entity ? of('Entity', entity.type) : of('unknown');
}

function both(expected: Guess, ...types: readonly Guess[]): void {
  types.reduce(unify, expected);
}

/** Makes two guesses one where they agree or one of them is unknown. */
function unify(a: Guess, b: Guess): Guess {
  const left = resolve(a);
  const right = resolve(b);
  if (left === right) return left;
  if (left.kind === 'unknown') {
    left.same = right;
    return right;
  }
  if (right.kind === 'unknown') right.same = left;
  else if (left.kind === 'Set' && left.element && right.element) unify(left.element, right.element);
  return left;
}

function of(kind: Kind, name?: string): Guess {
  return name === undefined ? { kind } : { kind, name };
}
function set(element: Guess): Guess {
  return { kind: 'Set', element };
}
function record(): Guess {
  return { kind: 'Record', fields: new Map() };
}
