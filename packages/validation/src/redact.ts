/** A result without what must not be in it: each piece becomes the name of what it was, in brackets. */
import { type Hit, memberPath } from './texts.ts';

type Members = Record<string, unknown>;

/** A copy of the result in which every hit is replaced; hits that touch each other become one. */
export function redacted(result: Members, hits: readonly Hit[]): Members {
  return replaceIn(
    result,
    '',
    Map.groupBy(hits, ({ text }) => text.path),
  ) as Members;
}

function replaceIn(value: unknown, path: string, hits: ReadonlyMap<string, Hit[]>): unknown {
  if (typeof value === 'string' || typeof value === 'number') {
    const here = hits.get(path);
    return here === undefined ? value : replaced(String(value), here);
  }
  if (typeof value !== 'object' || value === null) return value;
  const below = (name: string, member: unknown) => replaceIn(member, memberPath(path, name), hits);
  if (Array.isArray(value)) return value.map((item, i) => below(String(i), item));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, below(name, member)]),
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
