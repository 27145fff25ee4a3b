/** The lines of two texts side by side: what was there, what is there now, what stayed. */
export type Line = { readonly sign: '+' | '-' | ' '; readonly text: string };

/** By the longest common subsequence of lines; the texts are meant to be small. */
export function changedLines(before: string, after: string): readonly Line[] {
  const old = linesOf(before);
  const now = linesOf(after);
  const common = commonLengths(old, now);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [removed, added] = [old[i], now[j]];
    if (removed !== undefined && removed === added) {
      lines.push({ sign: ' ', text: removed });
      i += 1;
      j += 1;
    } else if (
      added === undefined ||
      (i < old.length && at(common, i + 1, j) >= at(common, i, j + 1))
    )
      lines.push({ sign: '-', text: old[i++] ?? '' });
    else lines.push({ sign: '+', text: now[j++] ?? added });
  }
  return lines;
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** How many lines the rests from `i` and from `j` have in common. */
function commonLengths(old: readonly string[], now: readonly string[]): readonly Uint32Array[] {
  const rows = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--) {
      const row = rows[i];
      if (row)
        row[j] =
          old[i] === now[j]
            ? at(rows, i + 1, j + 1) + 1
            : Math.max(at(rows, i + 1, j), at(rows, i, j + 1));
    }
  return rows;
}

function at(rows: readonly Uint32Array[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
