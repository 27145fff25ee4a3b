/**
 * Bounds on how deep a policy nests. Cedar recurses on nesting, and in WebAssembly too deep a
 * recursion is a trap that breaks the instance for every policy. Traps were seen from 200 levels on.
 */
import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { askedBy, childrenOf, nodeOf } from './expression.ts';

/** Brackets inside one another. */
export const MAX_BRACKETS = 32;
/** `if` expressions in one policy. */
export const MAX_IFS = 32;
/** Operators inside one another, chains of `&&`, `||`, `+` and `.` included. */
export const MAX_DEPTH = 96;

export type TooDeep = { readonly index: number; readonly what: string };

/** Scans the text before it is parsed. */
export function findDeepText(text: string): TooDeep | undefined {
  let depth = 0;
  let ifs = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') i = endOfString(text, i);
    else if (c === '/' && text[i + 1] === '/') i = endOfLine(text, i);
    else if (c === '(' || c === '[' || c === '{') {
      if (++depth > MAX_BRACKETS)
        return { index: i, what: `nests deeper than ${MAX_BRACKETS} brackets` };
    } else if (c === ')' || c === ']' || c === '}') depth--;
    else if (isWordStart(text, i)) {
      const end = endOfWord(text, i);
      if (text.slice(i, end) === 'if' && ++ifs > MAX_IFS)
        return { index: i, what: `has more than ${MAX_IFS} \`if\`` };
      i = end - 1;
    }
  }
  return undefined;
}

const WORD = /[A-Za-z0-9_]/;

function isWordStart(text: string, i: number): boolean {
  return WORD.test(text[i] ?? '');
}

function endOfWord(text: string, start: number): number {
  let i = start;
  while (i < text.length && WORD.test(text[i] ?? '')) i++;
  return i;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/** How deep a parsed policy nests; measured without recursion. */
export function depthOf(policy: PolicyJson): number {
  let deepest = 0;
  const open: { expr: Expr; depth: number }[] = policy.conditions.map(({ body }) => ({
    expr: body,
    depth: 1,
  }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { expr, depth } = next;
    const node = nodeOf(expr);
    deepest = Math.max(deepest, node.op === 'has' ? depth + askedBy(node).length : depth);
    for (const child of childrenOf(expr)) open.push({ expr: child, depth: depth + 1 });
  }
  return deepest + policy.conditions.length;
}
