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
  for (let pass = 0; pass < 2; pass++)
    policy.conditions.forEach((clause) => inferClause(roots, clause));
  return roots;
}

function inferClause(roots: Guesses, clause: Clause): void {
  unify(typeOf(roots, clause.body), of('Boolean'));
}

type Operator = {
  readonly operands: readonly string[];
  readonly takes: Kind;
  readonly gives: Kind;
};

const logic: Operator = { operands: ['left', 'right'], takes: 'Boolean', gives: 'Boolean' };
const arithmetic: Operator = { operands: ['left', 'right'], takes: 'Long', gives: 'Long' };
const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['&&', logic],
  ['||', logic],
  ['!', { operands: ['arg'], takes: 'Boolean', gives: 'Boolean' }],
  ['+', arithmetic],
  ['-', arithmetic],
  ['*', arithmetic],
  ['neg', { operands: ['arg'], takes: 'Long', gives: 'Long' }],
  ['like', { operands: ['left'], takes: 'String', gives: 'Boolean' }],
]);

function typeOf(roots: Guesses, expr: Expr): Guess {
  const node = nodeOf(expr);
  const under = (name: string): Guess => typeOf(roots, part(node, name));
  const operator = OPERATORS.get(node.op);
  if (operator) {
    for (const name of operator.operands) unify(under(name), of(operator.takes));
    return of(operator.gives);
  }
  switch (node.op) {
    case 'Value':
      return literal(node.body);
    case 'Var':
      return node.body === 'context' ? roots.context : of('Entity', String(node.body));
    case '.':
      return attribute(roots, node);
    case 'has':
      return asked(under('left'), askedBy(node));
    case '==':
    case '!=':
      return truthAfter(unify(under('left'), under('right')));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compared(under('left'), under('right'));
    case 'isEmpty':
      return truthAfter(unify(under('arg'), set(of('unknown'))));
    case 'contains':
      return truthAfter(unify(under('left'), set(under('right'))));
    case 'containsAll':
    case 'containsAny':
      return truthAfter([under('left'), under('right')].reduce(unify, set(of('unknown'))));
    case 'if-then-else':
      unify(under('if'), of('Boolean'));
      return unify(under('then'), under('else'));
    case 'Set':
      return set(
        (node.body as Expr[]).map((one) => typeOf(roots, one)).reduce(unify, of('unknown')),
      );
    case 'Record':
      return closedRecord(roots, node.body as Record<string, Expr>);
    default:
      return extension(roots, expr, node);
  }
}

/** The result of an operator that is true or false, once its operands are unified. */
function truthAfter(_unified: Guess): Guess {
  return of('Boolean');
}

function attribute(roots: Guesses, node: Node): Guess {
  const left = resolve(typeOf(roots, part(node, 'left')));
  const { attr } = node.body as { attr: string };
  if (left.kind === 'Entity')
    return left.name === 'principal' && attr === 'labels'
      ? roots.labels
      : entityAttribute(left, attr);
  return field(left, attr)?.type ?? of('unknown');
}

const ENTITY_TYPES: Readonly<Record<string, Kind>> = {
  trust: 'Long',
  type: 'String',
  id: 'String',
  version: 'String',
  owner: 'String',
  name: 'String',
  container: 'String',
};

function entityAttribute(entity: Guess, attr: string): Guess {
  if (entity.name === 'principal' && attr === 'capabilities') return set(of('String'));
  return of(ENTITY_TYPES[attr] ?? 'unknown');
}

function asked(base: Guess, attrs: readonly string[]): Guess {
  let at = resolve(base);
  for (const attr of attrs) {
    const found = field(at, attr);
    if (!found) break;
    found.optional = true;
    at = resolve(found.type);
  }
  return of('Boolean');
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
  ip: 'ipaddr',
  decimal: 'decimal',
  datetime: 'datetime',
  duration: 'duration',
  offset: 'datetime',
  toDate: 'datetime',
  durationSince: 'duration',
  toTime: 'duration',
};
const NUMBERS: ReadonlySet<string> = new Set([
  'toMilliseconds',
  'toSeconds',
  'toMinutes',
  'toHours',
  'toDays',
]);

function extension(roots: Guesses, expr: Expr, node: Node): Guess {
  childrenOf(expr).forEach((child) => typeOf(roots, child));
  const name = EXTENSION_OF[node.op];
  if (name !== undefined) return of('Extension', name);
  return of(NUMBERS.has(node.op) ? 'Long' : 'Boolean');
}

function closedRecord(roots: Guesses, members: Record<string, Expr>): Guess {
  const fields = Object.entries(members).map(([name, expr]): [string, Field] => [
    name,
    { type: typeOf(roots, expr), optional: false },
  ]);
  return { kind: 'Record', fields: new Map(fields) };
}

function literal(value: unknown): Guess {
  if (typeof value === 'string') return of('String');
  if (typeof value === 'number') return of('Long');
  if (typeof value === 'boolean') return of('Boolean');
  const entity = (value as { __entity?: { type: string } } | null)?.__entity;
  return entity ? of('Entity', entity.type) : of('unknown');
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
