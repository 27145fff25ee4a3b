/** Reading the JSON form of Cedar expressions. */
import type { Expr } from '@cedar-policy/cedar-wasm/nodejs';

/** The operator of an expression and what stands under it. */
export type Node = { readonly op: string; readonly body: unknown };

/** An expression is an object with one member: its operator, or the name of an extension function. */
export function nodeOf(expr: Expr): Node {
  const [entry] = Object.entries(expr as Record<string, unknown>);
  return entry ? { op: entry[0], body: entry[1] } : { op: 'none', body: null };
}

/** The member of a node's body that is an expression. */
export function part(node: Node, name: string): Expr {
  return (node.body as Record<string, Expr>)[name] as Expr;
}

const LEAVES: ReadonlySet<string> = new Set(['Value', 'Var', 'Slot', 'Unknown', 'none']);
const PARTS = ['left', 'right', 'arg', 'if', 'then', 'else', 'in'] as const;

/** The expressions directly under one. */
export function childrenOf(expr: Expr): readonly Expr[] {
  const { op, body } = nodeOf(expr);
  if (LEAVES.has(op) || typeof body !== 'object' || body === null) return [];
  if (Array.isArray(body)) return body as Expr[];
  const members = body as Record<string, Expr>;
  if (op === 'Record') return Object.values(members);
  return PARTS.flatMap((name) => (typeof members[name] === 'object' ? [members[name]] : []));
}

export type Variable = 'principal' | 'action' | 'resource' | 'context';
/** A variable and the attributes read from it, `context.a["b c"]` → `context`, [`a`, `b c`]. */
export type Path = { readonly variable: Variable; readonly attributes: readonly string[] };

/** The path that an expression is, if it is nothing but a variable and attributes. */
export function pathOf(expr: Expr): Path | undefined {
  const attributes: string[] = [];
  let node = nodeOf(expr);
  while (node.op === '.') {
    attributes.unshift((node.body as { attr: string }).attr);
    node = nodeOf(part(node, 'left'));
  }
  return node.op === 'Var' ? { variable: node.body as Variable, attributes } : undefined;
}

/** The attributes that a `has` asks for: `e has a.b.c` asks for three. */
export function askedBy(node: Node): readonly string[] {
  const { attr } = node.body as { attr: string | readonly string[] };
  return typeof attr === 'string' ? [attr] : attr;
}
