/** Kysely joins raw conditions with a bare `and`: an `or` that is not in parentheses would undo those before it. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** The raw conditions of a source that have an `or` outside of parentheses. */
function looseConditions(source: string): string[] {
  return source
    .split('sql<boolean>`')
    .slice(1)
    .map(outsideParentheses)
    .filter((text) => /\bor\b/i.test(text));
}

/** What stands outside of parentheses, quotes and values, up to the end of the template. */
function outsideParentheses(rest: string): string {
  let outside = '';
  let depth = 0;
  for (let i = 0; i < rest.length; i++) {
    const at = rest[i];
    if (at === '`') return outside;
    if (at === "'") i = rest.indexOf("'", i + 1);
    else if (at === '$' && rest[i + 1] === '{') i = endOfValue(rest, i + 2);
    else if (at === '(') depth++;
    else if (at === ')') depth--;
    else if (depth === 0) outside += at;
  }
  throw new Error(`the template does not end: ${rest.slice(0, 80)}`);
}

/** Where the value ends that begins here; it may hold braces and templates of its own. */
function endOfValue(rest: string, from: number): number {
  let depth = 1;
  for (let i = from; i < rest.length; i++) {
    if (rest[i] === '{') depth++;
    if (rest[i] === '}' && --depth === 0) return i;
  }
  throw new Error(`the value does not end: ${rest.slice(from, from + 80)}`);
}

test('no raw condition has an `or` outside of parentheses', async () => {
  const root = join(import.meta.dirname, '..');
  let conditions = 0;
  for await (const file of glob('**/*.ts', { cwd: root })) {
    if (file.endsWith('.test.ts')) continue;
    const source = await readFile(join(root, file), 'utf8');
    conditions += source.split('sql<boolean>`').length - 1;
    expect(looseConditions(source), file).toEqual([]);
  }
  expect(conditions).toBeGreaterThan(5);
});

test.each([
  ['sql<boolean>`a = 1 or (b and c)`', true],
  ['sql<boolean>`(a = 1) OR\n b = ${x}`', true],
  ['sql<boolean>`(a = 1 or (b and c))`', false],
  ["sql<boolean>`note = 'this or (that' and color = ${or({ a: `or` })}`", false],
  ['sql<boolean>`exists (select from t where a or b)`; const or = sql<boolean>`order > 1`', false],
])('%s is told as it is', (source, loose) => {
  expect(looseConditions(source).length > 0).toBe(loose);
});
