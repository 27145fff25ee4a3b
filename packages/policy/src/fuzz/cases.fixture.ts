/** Random policies and questions, the same for the same seed: mostly well-typed, so that much is reached, and often not. */
import type { Declared, Json } from './reference.fixture.ts';
import type { Comparison, Policy, Term } from './terms.fixture.ts';

export type Random = {
  readonly chance: (of: number) => boolean;
  readonly below: (n: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
};

/** mulberry32 */
export function randomFrom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    below,
    chance: (of) => next() < of,
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
  };
}

export const AGENTS = ['lab:reader', 'lab:writer', 'solo'] as const;
export const ACTIONS = ['read', 'write', 'pay', 'list'] as const;
export const RESOURCES = [
  { type: 'dataset', id: 'sales' },
  { type: 'dataset', id: 'payroll' },
  { type: 'host', id: 'a:b' },
] as const;

/** What some of the sets are held to; `list` is not declared. */
export const DECLARED: Declared = {
  read: { n: { type: 'Long', required: false }, s: { type: 'String', required: false } },
  write: { n: { type: 'Long', required: true }, list: { type: 'Set', required: false } },
  pay: {},
};

export function schemaText(declared: Declared): string {
  return Object.entries(declared)
    .map(([action, attributes]) => {
      const context = Object.entries(attributes).map(
        ([name, { type, required }]) =>
          `${name}${required ? '' : '?'}: ${type === 'Set' ? 'Set<String>' : type}`,
      );
      return `action "${action}" appliesTo { principal: [Agent], resource: [Resource], context: { ${context.join(', ')} } };`;
    })
    .join('\n');
}

const WORDS = ['a', 'eu', 'sales', 'x*y', 'Größe 😀', ''] as const;
const NUMBERS = [0, 1, 3, -2, 500, 9_007_199_254_740_991] as const;
type Type = 'truth' | 'number' | 'text' | 'set' | 'record';
const TYPES: readonly Type[] = ['truth', 'number', 'text', 'set', 'record'];

const context: Term = { kind: 'variable', name: 'context' };
const principal: Term = { kind: 'variable', name: 'principal' };
const resource: Term = { kind: 'variable', name: 'resource' };
const attribute = (of: Term, name: string): Term => ({ kind: 'attribute', of, name });
const has = (of: Term, name: string): Term => ({ kind: 'has', of, name });
const both = (left: Term, right: Term): Term => ({ kind: '&&', left, right });

const reachable: Readonly<Record<Type, readonly Term[]>> = {
  number: [
    attribute(context, 'n'),
    attribute(context, 'm'),
    attribute(attribute(context, 'deep'), 'n'),
    attribute(principal, 'trust'),
  ],
  text: [
    attribute(context, 's'),
    attribute(attribute(context, 'deep'), 's'),
    attribute(resource, 'type'),
    attribute(resource, 'id'),
    attribute(principal, 'owner'),
    attribute(attribute(principal, 'labels'), 'env'),
    attribute(principal, 'name'),
  ],
  set: [attribute(context, 'list'), attribute(principal, 'capabilities')],
  record: [attribute(context, 'deep'), attribute(principal, 'labels'), context],
  truth: [attribute(context, 'flag')],
};

const MAX_DEPTH = 4;

export function randomPolicy(random: Random): Policy {
  const { chance, pick, below } = random;
  return {
    logOnly: chance(0.2),
    approvable: chance(0.1),
    principal: chance(0.2) ? pick(AGENTS) : undefined,
    actions: chance(0.5) ? Array.from({ length: 1 + below(2) }, () => pick(ACTIONS)) : undefined,
    resource: chance(0.15) ? nameOf(pick(RESOURCES)) : undefined,
    clauses: Array.from({ length: below(3) }, () => ({
      kind: pick(['when', 'unless'] as const),
      term: termOf('truth', random, 0),
    })),
  };
}

export function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}:${id}`;
}

function termOf(wanted: Type, random: Random, depth: number): Term {
  const { chance, pick } = random;
  const type = chance(0.04) ? pick(TYPES) : wanted;
  if (depth < MAX_DEPTH && chance(0.05))
    return {
      kind: 'if',
      when: termOf('truth', random, depth + 1),
      then: termOf(type, random, depth + 1),
      otherwise: termOf(type, random, depth + 1),
    };
  if (depth >= MAX_DEPTH || (type !== 'truth' && chance(0.7))) return leafOf(type, random);
  const under = (of: Type): Term => termOf(of, random, depth + 1);
  switch (type) {
    case 'truth':
      return truthOf(random, under);
    case 'number':
      return {
        kind: pick(['+', '-', '*'] as const),
        left: under('number'),
        right: under('number'),
      };
    case 'text':
      return leafOf('text', random);
    case 'set':
      return { kind: 'set', items: [under('text'), under(pick(['text', 'number']))] };
    case 'record':
      return {
        kind: 'record',
        fields: [
          ['n', under('number')],
          ['s', under('text')],
        ],
      };
  }
}

function leafOf(type: Type, { chance, pick }: Random): Term {
  if (chance(0.6)) return pick(reachable[type]);
  switch (type) {
    case 'number':
      return { kind: 'literal', value: pick(NUMBERS) };
    case 'text':
      return { kind: 'literal', value: pick(WORDS) };
    case 'truth':
      return { kind: 'literal', value: chance(0.5) };
    case 'set':
      return { kind: 'set', items: chance(0.2) ? [] : [{ kind: 'literal', value: pick(WORDS) }] };
    case 'record':
      return { kind: 'record', fields: [['n', { kind: 'literal', value: pick(NUMBERS) }]] };
  }
}

const COMPARISONS: readonly Comparison[] = ['<', '<=', '>', '>='];

function truthOf({ chance, pick }: Random, under: (of: Type) => Term): Term {
  const entity: Term = chance(0.5)
    ? { kind: 'entity', type: 'Agent', id: pick(AGENTS) }
    : { kind: 'entity', type: 'Resource', id: nameOf(pick(RESOURCES)) };
  const guarded = pick([
    ['n', 'number'],
    ['s', 'text'],
    ['list', 'set'],
    ['deep', 'record'],
    ['flag', 'truth'],
  ] as const);
  switch (
    pick([
      '&&',
      '||',
      'not',
      '==',
      '<',
      'contains',
      'sets',
      'like',
      'has',
      'guard',
      'guard',
      'entity',
    ])
  ) {
    case '&&':
      return both(under('truth'), under('truth'));
    case '||':
      return { kind: '||', left: under('truth'), right: under('truth') };
    case 'not':
      return { kind: 'not', term: under('truth') };
    case '==': {
      const of = pick(TYPES);
      return { kind: pick(['==', '!='] as const), left: under(of), right: under(of) };
    }
    case '<':
      return { kind: pick(COMPARISONS), left: under('number'), right: under('number') };
    case 'contains':
      return { kind: 'contains', left: under('set'), right: under('text') };
    case 'sets':
      return chance(0.2)
        ? { kind: 'isEmpty', term: under('set') }
        : {
            kind: pick(['containsAll', 'containsAny'] as const),
            left: under('set'),
            right: under('set'),
          };
    case 'like':
      return { kind: 'like', term: under('text'), pattern: pick(['*', 'a*', '*le*', 'eu', '*😀']) };
    case 'has':
      return has(
        pick([
          context,
          attribute(context, 'deep'),
          principal,
          attribute(principal, 'labels'),
          resource,
        ]),
        pick(['n', 's', 'env', 'owner', 'container', 'type']),
      );
    case 'guard':
      return both(has(context, guarded[0]), {
        kind: '==',
        left: attribute(context, guarded[0]),
        right: under(guarded[1]),
      });
    default:
      return chance(0.3)
        ? has(entity, pick(['trust', 'owner', 'type']))
        : chance(0.3)
          ? { kind: '<', left: attribute(entity, 'trust'), right: under('number') }
          : { kind: '==', left: pick([principal, resource]), right: entity };
  }
}

/** A context as somebody may send it: attributes missing, of other types, and such as can not be shown. */
export function randomContext(random: Random): { readonly [name: string]: Json } {
  const { chance, pick } = random;
  const context: Record<string, Json> = {};
  const odd = (usual: Json): Json =>
    chance(0.06)
      ? pick<Json>([null, 1.5, 'odd', 7, [1, 'a'], { __entity: { type: 'Agent', id: 'solo' } }])
      : usual;
  if (chance(0.7)) context['n'] = odd(pick(NUMBERS));
  if (chance(0.4)) context['m'] = odd(pick(NUMBERS));
  if (chance(0.7)) context['s'] = odd(pick(WORDS));
  if (chance(0.6)) context['list'] = odd(chance(0.2) ? [] : [pick(WORDS), pick(WORDS)]);
  if (chance(0.6)) context['flag'] = odd(chance(0.5));
  if (chance(0.6))
    context['deep'] = odd({
      ...(chance(0.8) && { n: odd(pick(NUMBERS)) }),
      ...(chance(0.8) && { s: odd(pick(WORDS)) }),
    });
  if (chance(0.05)) context['__extn'] = 'ip';
  return context;
}
