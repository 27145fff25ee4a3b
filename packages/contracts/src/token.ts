/** Consistency tokens: opaque to clients, `w1.` and a base64url of cell, segment and sequence inside. */
import { WritError } from './errors.ts';

export type Position = { readonly cell: string; readonly segment: number; readonly seq: number };

const CELL = /^[a-z0-9-]{1,32}$/;

export function encodeToken(position: Position): string {
  return `w1.${toBase64Url(`${position.cell}/${position.segment}/${position.seq}`)}`;
}

/** Reads a token of this cell; throws `TOKEN_INVALID` for anything else. */
export function decodeToken(token: string, cell: string): Position {
  const position = token.startsWith('w1.')
    ? readPosition(fromBase64Url(token.slice(3)))
    : undefined;
  if (!position)
    throw new WritError(
      'TOKEN_INVALID',
      'the token is not one that a reply carried; send it unchanged',
    );
  if (position.cell !== cell)
    throw new WritError(
      'TOKEN_INVALID',
      `the token belongs to cell \`${position.cell}\`, this is \`${cell}\``,
    );
  return position;
}

function readPosition(text: string): Position | undefined {
  const [cell = '', segment = '', seq = '', ...rest] = text.split('/');
  if (rest.length > 0 || !CELL.test(cell) || !/^\d{1,9}$/.test(segment) || !/^\d{1,15}$/.test(seq))
    return undefined;
  return { cell, segment: Number(segment), seq: Number(seq) };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function toBase64Url(ascii: string): string {
  let out = '';
  for (let i = 0; i < ascii.length; i += 3) {
    const group =
      (ascii.charCodeAt(i) << 16) |
      ((ascii.charCodeAt(i + 1) || 0) << 8) |
      (ascii.charCodeAt(i + 2) || 0);
    const width = Math.min(4, ascii.length - i + 1);
    for (let k = 0; k < width; k++) out += ALPHABET[(group >> (18 - 6 * k)) & 63];
  }
  return out;
}

function fromBase64Url(text: string): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) return '';
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += String.fromCharCode((held >> bits) & 0xff);
    }
  }
  return out;
}
