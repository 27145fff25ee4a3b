/** A result without what must not be in it: each piece becomes the name of what it was, in brackets. */
import type { Hit } from './texts.ts';

type Members = Record<string, unknown>;

/** A copy of the result in which every hit is replaced; hits that touch each other become one. */
export function redacted(result: Members, hits: readonly Hit[]): Members {
  const byPath = new Map<string, Hit[]>();
  for (const hit of hits) byPath.set(hit.text.path, [...(byPath.get(hit.text.path) ?? []), hit]);
  return replaceIn(result, '', byPath) as Members;
}

function replaceIn(value: unknown, path: string, hits: ReadonlyMap<string, Hit[]>): unknown {
  if (typeof value === 'string' || typeof value === 'number') {
    const here = hits.get(path);
    return here === undefined ? value : replaced(String(value), here);
  }
  if (typeof value !== 'object' || value === null) return value;
  const at = (name: string) => `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  if (Array.isArray(value)) return value.map((item, i) => replaceIn(item, at(String(i)), hits));
  return Object.fromEntries(
    Object.entries(value).map(([name, below]) => [name, replaceIn(below, at(name), hits)]),
  );
}

function replaced(text: string, hits: readonly Hit[]): string {
  let clean = '';
  let done = 0;
  for (const { start, end, kind } of hits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (end <= done) continue;
    clean += start >= done ? `${text.slice(done, start)}[${kind}]` : '';
    done = end;
  }
  return clean + text.slice(done);
}
