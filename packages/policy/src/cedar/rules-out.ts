/**
 * Ruling a policy out without asking Cedar: its conditions are followed through what is plain
 * (comparisons of whole numbers, words and truth; and, or, not, has, contains), in Cedar's order.
 * Whatever is not plain, or might fail, is in doubt, and doubt is for Cedar to decide. Nothing is
 * ever found to apply here: only that it surely does not.
 */
import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { askedBy, nodeOf, part, pathOf } from './expression.ts';

/** What conditions may be followed through; attributes that are absent are left out. */
export type Facts = {
  readonly principal: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
};

/** The value of an expression; `undefined` is doubt. */
type Follow = (facts: Facts) => unknown;
/** True when a policy surely does not apply. */
export type RulesOut = (facts: Facts) => boolean;

const doubt: Follow = () => undefined;

/** Prepares the conditions of a policy whose scope matches. */
export function rulesOut({ conditions }: PolicyJson): RulesOut {
  const clauses = conditions.map(({ kind, body }) => ({
    passes: kind === 'when',
    follow: prepare(body),
  }));
  return (facts) => {
    for (const { passes, follow } of clauses) {
      const value = follow(facts);
      if (typeof value !== 'boolean') return false;
      if (value !== passes) return true;
    }
    return false;
  };
}

function prepare(expr: Expr): Follow {
  const node = nodeOf(expr);
  const under = (name: string): Follow => prepare(part(node, name));
  switch (node.op) {
    case 'Value':
      return isPlain(node.body) ? () => node.body : doubt;
    case '.':
      return attribute(expr);
    case 'has':
      return presence(expr);
    case '&&':
      return shortCircuit(under('left'), under('right'), false);
    case '||':
      return shortCircuit(under('left'), under('right'), true);
    case '!':
      return negation(under('arg'));
    case '==':
      return equality(under('left'), under('right'), true);
    case '!=':
      return equality(under('left'), under('right'), false);
    case '<':
      return comparison(under('left'), under('right'), (a, b) => a < b);
    case '<=':
      return comparison(under('left'), under('right'), (a, b) => a <= b);
    case '>':
      return comparison(under('left'), under('right'), (a, b) => a > b);
    case '>=':
      return comparison(under('left'), under('right'), (a, b) => a >= b);
    case 'contains':
      return membership(setOf(part(node, 'left')), under('right'));
    default:
      return doubt;
  }
}

function isPlain(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isSafeInteger(value))
  );
}

/** Follows attributes of records; a place on the way that is no record, or is absent, is doubt. */
function reach(facts: Facts, variable: string, attributes: readonly string[]): unknown {
  let value: unknown = variable === 'action' ? undefined : facts[variable as keyof Facts];
  for (const name of attributes) {
    if (
      typeof value !== 'object' ||
      value === null ||
      Array.isArray(value) ||
      !Object.hasOwn(value, name)
    )
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function attribute(expr: Expr): Follow {
  const path = pathOf(expr);
  if (!path) return doubt;
  return (facts) => {
    const value = reach(facts, path.variable, path.attributes);
    return isPlain(value) ? value : undefined;
  };
}

function presence(expr: Expr): Follow {
  const node = nodeOf(expr);
  const path = pathOf(part(node, 'left'));
  const asked = askedBy(node);
  const [name] = asked;
  if (!path || name === undefined || asked.length > 1 || path.variable === 'action') return doubt;
  return (facts) => {
    const base = reach(facts, path.variable, path.attributes);
    return typeof base === 'object' && base !== null && !Array.isArray(base)
      ? Object.hasOwn(base, name)
      : undefined;
  };
}

/** `decided` is the value of the left side that leaves the right one unread. */
function shortCircuit(left: Follow, right: Follow, decided: boolean): Follow {
  return (facts) => {
    const first = left(facts);
    if (typeof first !== 'boolean') return undefined;
    if (first === decided) return first;
    const second = right(facts);
    return typeof second === 'boolean' ? second : undefined;
  };
}

function negation(arg: Follow): Follow {
  return (facts) => {
    const value = arg(facts);
    return typeof value === 'boolean' ? !value : undefined;
  };
}

function equality(left: Follow, right: Follow, whenEqual: boolean): Follow {
  return (facts) => {
    const a = left(facts);
    const b = right(facts);
    if (a === undefined || typeof a !== typeof b) return undefined;
    return (a === b) === whenEqual;
  };
}

function comparison(left: Follow, right: Follow, holds: (a: number, b: number) => boolean): Follow {
  return (facts) => {
    const a = left(facts);
    const b = right(facts);
    return typeof a === 'number' && typeof b === 'number' ? holds(a, b) : undefined;
  };
}

type FollowSet = (facts: Facts) => readonly unknown[] | undefined;

function setOf(expr: Expr): FollowSet {
  const node = nodeOf(expr);
  if (node.op === 'Set') {
    const values = (node.body as Expr[])
      .map((item) => nodeOf(item))
      .map(({ op, body }) => (op === 'Value' ? body : undefined));
    return values.every(isPlain) ? () => values : () => undefined;
  }
  const path = pathOf(expr);
  if (!path) return () => undefined;
  return (facts) => {
    const value = reach(facts, path.variable, path.attributes);
    return Array.isArray(value) && value.every(isPlain) ? value : undefined;
  };
}

function membership(set: FollowSet, item: Follow): Follow {
  return (facts) => {
    const values = set(facts);
    const value = item(facts);
    return values === undefined || value === undefined ? undefined : values.includes(value);
  };
}
