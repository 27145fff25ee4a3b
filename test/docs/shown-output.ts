/** Whether a program printed what a page shows, but for what differs from run to run: ids, times, sequences. */

/** Ids of the page, and what they are in this run. */
export type Ids = ReadonlyMap<string, string>;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const KEY_ID = '(?<![a-z0-9])(?=[a-z]*\\d)[a-z0-9]{16}(?![a-z0-9])';
const LETTER = String.raw`\binbox-\d+-\d{13}\b`;
const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?`;

/** What is never the same twice, each with what may stand in its place; ids have to be the same in one run. */
const VARYING: readonly (readonly [string, string])[] = [
  [`${UUID}|${KEY_ID}|${LETTER}`, `(${UUID}|[a-z0-9]{16}|${LETTER})`],
  [TIME, TIME],
  ['[0-9a-f]{8}-…', '[0-9a-f]{8}-…'],
  ['sha256:[0-9a-f]+', 'sha256:[0-9a-f]+'],
  [String.raw`(?<=\b(?:event|version|schema|up to) )\d+`, String.raw`\d+`],
  [String.raw`\b[\d,.]+(?= (?:ms|s|min|seconds|messages)\b)`, '[0-9,.]+'],
  // Of a table or a history: the sequence that a line begins with.
  [String.raw`^\s*\d+(?=\s)`, String.raw`\s*\d+`],
  ['…', '.*'],
  [String.raw`\s+`, String.raw`\s+`],
];
const ANY = new RegExp(VARYING.map(([source]) => `(${source})`).join('|'), 'g');
const ID = new RegExp(`${UUID}|${KEY_ID}|${LETTER}`, 'g');

export type Compared = { readonly missing?: string; readonly ids: Ids };

/** Looks for the shown lines among the printed ones, in order; says which is missing, or what its ids are in this run. */
export function compareOutput(shown: readonly string[], printed: string, ids: Ids): Compared {
  const met = new Map(ids);
  const lines = printed.split('\n').map((line) => line.trimEnd());
  for (const line of shown) {
    const pattern = patternOf(line, met);
    const at = lines.findIndex((candidate) => pattern.test(candidate));
    if (at === -1) return { missing: line, ids };
    const [, ...found] = pattern.exec(lines[at] ?? '') ?? [];
    idsIn(line).forEach((id, index) => met.set(id, found[index] ?? id));
    lines.splice(0, at + 1);
  }
  return { ids: met };
}

/** The text with the ids of this run in the place of the page's. */
export function withIds(text: string, ids: Ids): string {
  return text.replace(ID, (id) => ids.get(id) ?? id);
}

function idsIn(text: string): readonly string[] {
  return [...text.matchAll(ID)].map(([id]) => id);
}

function patternOf(line: string, ids: Ids): RegExp {
  let source = '';
  let end = 0;
  for (const match of line.matchAll(ANY)) {
    const kind = match.slice(1).findIndex((group) => group !== undefined);
    const known = kind === 0 ? ids.get(match[0]) : undefined;
    source += literal(line.slice(end, match.index));
    source += known === undefined ? (VARYING[kind]?.[1] ?? '') : `(${known})`;
    end = match.index + match[0].length;
  }
  return new RegExp(`^${source}${literal(line.slice(end))}$`);
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
