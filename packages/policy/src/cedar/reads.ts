/** What a policy reads of the question, by its syntax alone: never less than an evaluation may read. */
import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { askedBy, childrenOf, nodeOf, part, pathOf, type Variable } from './expression.ts';

/** Attributes of a record, each read whole or in parts; of one without parts only whether it is there. */
export type ReadTree = { readonly [name: string]: ReadTree | 'whole' };
export type Reads = {
  /** `whole` when a policy uses `context` itself as a value. */
  readonly context: ReadTree | 'whole';
  readonly principal: ReadonlySet<string> | 'whole';
  readonly resource: ReadonlySet<string> | 'whole';
};

type Found = {
  readonly variable: Variable;
  readonly attributes: readonly string[];
  /** Only whether the attribute is there is asked, not what it holds. */
  readonly presence?: boolean;
};

export const READS_NOTHING: Reads = { context: {}, principal: new Set(), resource: new Set() };

export function readsOf(policies: readonly PolicyJson[]): Reads {
  const found = policies.flatMap(({ conditions }) =>
    conditions.flatMap(({ body }) => findIn(body)),
  );
  const of = (variable: Variable): Found[] => found.filter((one) => one.variable === variable);
  return {
    context: treeOf(of('context')),
    principal: namesOf(of('principal')),
    resource: namesOf(of('resource')),
  };
}

/** True when an attribute of the principal is among the reads. */
export function readsPrincipal(reads: Reads, attribute: string): boolean {
  return reads.principal === 'whole' || reads.principal.has(attribute);
}

/** The dotted paths of the context that are read; `undefined` when all of it is. */
export function dottedPaths(tree: ReadTree | 'whole', prefix = ''): string[] | undefined {
  if (tree === 'whole') return undefined;
  return Object.entries(tree).flatMap(([name, below]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const paths = dottedPaths(below, path) ?? [];
    return paths.length === 0 ? [path] : paths;
  });
}

function findIn(expr: Expr): Found[] {
  const path = pathOf(expr);
  if (path) return isEntityItself(path) ? [] : [path];
  const node = nodeOf(expr);
  if (node.op === 'has') {
    const left = part(node, 'left');
    const base = pathOf(left);
    if (base)
      return [
        {
          variable: base.variable,
          attributes: [...base.attributes, ...askedBy(node)],
          presence: true,
        },
      ];
  }
  const below = childrenOf(expr).flatMap(findIn);
  // Attributes of what an expression results in: whichever entity stands under it may be meant.
  const reaches =
    node.op === '.' || node.op === 'has' || node.op === 'getTag' || node.op === 'hasTag';
  return reaches
    ? [...below, ...entitiesIn(expr).map((variable) => ({ variable, attributes: [] }))]
    : below;
}

/** An entity as a value (`principal == …`) reads no attribute; the context as a value is all of it. */
function isEntityItself(path: Found): boolean {
  return path.attributes.length === 0 && path.variable !== 'context';
}

function entitiesIn(expr: Expr): Variable[] {
  const node = nodeOf(expr);
  if (node.op === 'Var') return [node.body as Variable];
  if (node.op === 'Value') return namedEntity(node.body);
  return childrenOf(expr).flatMap(entitiesIn);
}

/** An entity named by its id may be the one that asks, or that is asked about. */
function namedEntity(value: unknown): Variable[] {
  const type = (value as { __entity?: { type: string } } | null)?.__entity?.type;
  if (type === 'Agent') return ['principal'];
  return type === 'Resource' ? ['resource'] : [];
}

function namesOf(found: readonly Found[]): ReadonlySet<string> | 'whole' {
  if (found.some(({ attributes }) => attributes.length === 0)) return 'whole';
  return new Set(found.map(({ attributes: [first = ''] }) => first));
}

type Growing = Map<string, Growing | 'whole'>;

function treeOf(found: readonly Found[]): ReadTree | 'whole' {
  const root: Growing = new Map();
  for (const { attributes, presence = false } of found) {
    if (attributes.length === 0) return 'whole';
    grow(root, attributes, presence ? new Map() : 'whole');
  }
  return frozen(root);
}

function grow(tree: Growing, path: readonly string[], leaf: Growing | 'whole'): void {
  const [first = '', ...rest] = path;
  const below = tree.get(first);
  if (below === 'whole') return;
  if (rest.length === 0) tree.set(first, leaf === 'whole' ? leaf : (below ?? leaf));
  else {
    const next: Growing = below ?? new Map();
    tree.set(first, next);
    grow(next, rest, leaf);
  }
}

function frozen(tree: Growing): ReadTree {
  const sorted = [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, below]) => [name, below === 'whole' ? 'whole' : frozen(below)]),
  );
}
