/** Places in a policy's text. Cedar counts bytes of UTF-8; people count lines and characters from 1. */

export type Place = { readonly line: number; readonly column: number };

/** The line and column (in characters, not UTF-16 units) of a byte offset. */
export function placeOf(text: string, byteOffset: number): Place {
  let bytes = 0;
  let line = 1;
  let column = 1;
  for (const char of text) {
    if (bytes >= byteOffset) break;
    bytes += bytesOf(char);
    if (char === '\n') {
      line += 1;
      column = 1;
    } else column += 1;
  }
  return { line, column };
}

function bytesOf(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/** The place of a UTF-16 index, for what is found in the text itself. */
export function placeOfIndex(text: string, index: number): Place {
  return placeOf(text, new TextEncoder().encode(text.slice(0, Math.max(0, index))).length);
}
